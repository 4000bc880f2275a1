// Loaded before a program (LD_PRELOAD), it lets calls of OpenCL fail.
//   FAULT_CALL=N   the N-th call fails, from 1 on
//   FAULT_CALL=N+  and all calls of the same function that come after
//   FAULT_THROW=1  it throws a C++ exception, std::bad_alloc, in place of returning an error
//   FAULT_LIST=F   the names of all calls, in order, are written to F
#define CL_TARGET_OPENCL_VERSION 200
#define CL_USE_DEPRECATED_OPENCL_1_2_APIS
#include "loader.h"

#include <CL/cl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static FILE *list;

__attribute__((constructor)) static void begin(void)
{
    const char *path = getenv("FAULT_LIST");
    list = path ? fopen(path, "w") : NULL;
}

__attribute__((destructor)) static void end(void)
{
    if (list)
        fclose(list);
}

// What operator new calls where there is no memory.
static void throw_bad_alloc(void)
{
    void (*raise)(void) = NULL;
    void *runtime = dlopen("libstdc++.so.6", RTLD_NOW);
    if (runtime)
        *(void **)&raise = dlsym(runtime, "_ZSt17__throw_bad_allocv");
    if (!raise)
        abort();
    raise();
}

// Whether this call is to fail.
static int fails(const char *name)
{
    static atomic_ulong calls;
    static _Atomic(const char *) failed;
    const char *given = getenv("FAULT_CALL"), *first = atomic_load(&failed);
    const unsigned long call = atomic_fetch_add(&calls, 1) + 1;
    if (list)
        fprintf(list, "%s\n", name);
    if (call == number("FAULT_CALL", 0))
        atomic_store(&failed, name);
    else if (!given || !strchr(given, '+') || !first || strcmp(first, name) != 0)
        return 0;
    if (getenv("FAULT_THROW"))
        throw_bad_alloc();
    return 1;
}

#define PASS(result, name, failed, parameters, arguments)                                          \
    result name parameters                                                                         \
    {                                                                                              \
        result(*real) parameters;                                                                  \
        if (fails(#name)) {                                                                        \
            failed;                                                                                \
        }                                                                                          \
        *(void **)&real = loaders(#name);                                                          \
        return real arguments;                                                                     \
    }
#define CALL(name, parameters, arguments)                                                          \
    PASS(cl_int, name, return CL_OUT_OF_RESOURCES, parameters, arguments)
#define CREATE(result, name, parameters, arguments)                                                \
    PASS(result, name, *error = CL_OUT_OF_RESOURCES; return NULL, parameters, arguments)

// clang-format off
CALL(clGetPlatformIDs, (cl_uint a, cl_platform_id *b, cl_uint *c), (a, b, c))
CALL(clGetPlatformInfo, (cl_platform_id a, cl_platform_info b, size_t c, void *d, size_t *e),
     (a, b, c, d, e))
CALL(clGetDeviceIDs, (cl_platform_id a, cl_device_type b, cl_uint c, cl_device_id *d, cl_uint *e),
     (a, b, c, d, e))
CALL(clGetDeviceInfo, (cl_device_id a, cl_device_info b, size_t c, void *d, size_t *e),
     (a, b, c, d, e))
CREATE(cl_context, clCreateContext,
       (const cl_context_properties *a, cl_uint b, const cl_device_id *c,
        void(CL_CALLBACK *d)(const char *, const void *, size_t, void *), void *e, cl_int *error),
       (a, b, c, d, e, error))
CALL(clReleaseContext, (cl_context a), (a))
CREATE(cl_command_queue, clCreateCommandQueue,
       (cl_context a, cl_device_id b, cl_command_queue_properties c, cl_int *error),
       (a, b, c, error))
CALL(clReleaseCommandQueue, (cl_command_queue a), (a))
CREATE(cl_mem, clCreateBuffer, (cl_context a, cl_mem_flags b, size_t c, void *d, cl_int *error),
       (a, b, c, d, error))
CALL(clReleaseMemObject, (cl_mem a), (a))
PASS(void *, clSVMAlloc, return NULL, (cl_context a, cl_svm_mem_flags b, size_t c, cl_uint d),
     (a, b, c, d))
CREATE(cl_program, clCreateProgramWithSource,
       (cl_context a, cl_uint b, const char **c, const size_t *d, cl_int *error),
       (a, b, c, d, error))
CREATE(cl_program, clCreateProgramWithBinary,
       (cl_context a, cl_uint b, const cl_device_id *c, const size_t *d, const unsigned char **e,
        cl_int *f, cl_int *error),
       (a, b, c, d, e, f, error))
CALL(clBuildProgram,
     (cl_program a, cl_uint b, const cl_device_id *c, const char *d,
      void(CL_CALLBACK *e)(cl_program, void *), void *f),
     (a, b, c, d, e, f))
CALL(clGetProgramInfo, (cl_program a, cl_program_info b, size_t c, void *d, size_t *e),
     (a, b, c, d, e))
CALL(clGetProgramBuildInfo,
     (cl_program a, cl_device_id b, cl_program_build_info c, size_t d, void *e, size_t *f),
     (a, b, c, d, e, f))
CALL(clReleaseProgram, (cl_program a), (a))
CREATE(cl_kernel, clCreateKernel, (cl_program a, const char *b, cl_int *error), (a, b, error))
CALL(clGetKernelWorkGroupInfo,
     (cl_kernel a, cl_device_id b, cl_kernel_work_group_info c, size_t d, void *e, size_t *f),
     (a, b, c, d, e, f))
CALL(clSetKernelArg, (cl_kernel a, cl_uint b, size_t c, const void *d), (a, b, c, d))
CALL(clSetKernelArgSVMPointer, (cl_kernel a, cl_uint b, const void *c), (a, b, c))
CALL(clSetKernelExecInfo, (cl_kernel a, cl_kernel_exec_info b, size_t c, const void *d),
     (a, b, c, d))
CALL(clReleaseKernel, (cl_kernel a), (a))
CALL(clEnqueueNDRangeKernel,
     (cl_command_queue a, cl_kernel b, cl_uint c, const size_t *d, const size_t *e,
      const size_t *f, cl_uint g, const cl_event *h, cl_event *i),
     (a, b, c, d, e, f, g, h, i))
CALL(clEnqueueReadBuffer,
     (cl_command_queue a, cl_mem b, cl_bool c, size_t d, size_t e, void *f, cl_uint g,
      const cl_event *h, cl_event *i),
     (a, b, c, d, e, f, g, h, i))
CALL(clEnqueueWriteBuffer,
     (cl_command_queue a, cl_mem b, cl_bool c, size_t d, size_t e, const void *f, cl_uint g,
      const cl_event *h, cl_event *i),
     (a, b, c, d, e, f, g, h, i))
CALL(clEnqueueCopyBuffer,
     (cl_command_queue a, cl_mem b, cl_mem c, size_t d, size_t e, size_t f, cl_uint g,
      const cl_event *h, cl_event *i),
     (a, b, c, d, e, f, g, h, i))
CALL(clEnqueueFillBuffer,
     (cl_command_queue a, cl_mem b, const void *c, size_t d, size_t e, size_t f, cl_uint g,
      const cl_event *h, cl_event *i),
     (a, b, c, d, e, f, g, h, i))
CREATE(void *, clEnqueueMapBuffer,
       (cl_command_queue a, cl_mem b, cl_bool c, cl_map_flags d, size_t e, size_t f, cl_uint g,
        const cl_event *h, cl_event *i, cl_int *error),
       (a, b, c, d, e, f, g, h, i, error))
CALL(clEnqueueUnmapMemObject,
     (cl_command_queue a, cl_mem b, void *c, cl_uint d, const cl_event *e, cl_event *f),
     (a, b, c, d, e, f))
CALL(clWaitForEvents, (cl_uint a, const cl_event *b), (a, b))
CALL(clReleaseEvent, (cl_event a), (a))
CALL(clGetEventProfilingInfo,
     (cl_event a, cl_profiling_info b, size_t c, void *d, size_t *e), (a, b, c, d, e))
CALL(clFlush, (cl_command_queue a), (a))
CALL(clFinish, (cl_command_queue a), (a))
