// How bough-data ends when it is stopped, or cannot write.
#include "tools/data_support.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

// A pipe that gives a header and then nothing more: the program waits in the middle of its work.
static void ctrl_c_leaves_nothing(void **state)
{
    (void)state;
    const int signals[] = {SIGINT, SIGTERM};
    static const char start[80000] = {0, 0, 8, 1, 0, 2, 0, 0}; // more than zlib reads ahead
    for (int i = 0; i < 2; i++) {
        char pipe[600], output[600], part[620], program[400];
        snprintf(pipe, sizeof pipe, "%s", in_folder("pipe"));
        snprintf(output, sizeof output, "%s", in_folder("o"));
        snprintf(part, sizeof part, "%s.part", output);
        snprintf(program, sizeof program, "%s/bin/bough-data", TEST_BINARY_DIR);
        remove(pipe);
        assert_int_equal(mkfifo(pipe, 0600), 0);
        pid_t child = fork();
        if (child == 0) {
            freopen("/dev/null", "w", stderr);
            execl(program, program, "idx", "--images", pipe, "-o", output, (char *)NULL);
            _exit(99);
        }
        int writer = open(pipe, O_WRONLY);
        assert_int_equal(write(writer, start, sizeof start), sizeof start);
        while (access(part, F_OK) != 0)
            usleep(1000);
        int code;
        while (kill(child, signals[i]) == 0 && waitpid(child, &code, WNOHANG) == 0)
            usleep(10000); // the signal may come just before it waits
        close(writer);
        assert_true(WIFEXITED(code));
        assert_int_equal(WEXITSTATUS(code), 130);
        assert_int_equal(count_names(test_folder()), 1);
    }
}

static void a_full_disk_leaves_nothing(void **state)
{
    (void)state;
    char command[2000];
    snprintf(command, sizeof command,
             "cd '%s' && (ulimit -f 16; %s/bin/bough-data generate mmoe -o o) 2>e", test_folder(),
             TEST_BINARY_DIR);
    assert_int_equal(WEXITSTATUS(system(command)), 3);
    char message[1000];
    message[read_file(message, sizeof message - 1, "e")] = 0;
    assert_non_null(strstr(message, "bough-data: o: cannot write: File too large"));
    assert_int_equal(count_names(test_folder()), 1);
}

static void a_full_disk_keeps_no_sheet(void **state)
{
    (void)state;
    char command[2000], message[1000];
    static unsigned char noise[6144]; // 32 pixels a side in the sheet for each: no small file
    for (size_t i = 0; i < sizeof noise; i++)
        noise[i] = (unsigned char)(i * i * 7 + i / 3);
    unsigned char idx[sizeof noise + 16];
    write_bytes("i", idx, build_idx(idx, 8, 3, SIZES(6, 32, 32), noise, sizeof noise));
    assert_runs("idx --images i -o k");
    snprintf(command, sizeof command, "cd '%s' && (ulimit -f 1; %s/bin/bough-data show k -o o) 2>e",
             test_folder(), TEST_BINARY_DIR);
    assert_int_equal(WEXITSTATUS(system(command)), 3);
    message[read_file(message, sizeof message - 1, "e")] = 0;
    assert_string_equal(message, "bough-data: o: cannot write: File too large\n");
    assert_int_equal(count_names(test_folder()), 3);
}

static void a_full_standard_output_is_told(void **state)
{
    (void)state;
    char output[1000];
    assert_int_equal(run_data(output, sizeof output, "--help >/dev/full"), 3);
}

// Its exit code, with nobody at the other end of its standard output; `e` receives what it says.
static int run_unread(const char *command, const char *argument)
{
    int ends[2], code;
    char program[400], errors[600];
    snprintf(program, sizeof program, "%s/bin/bough-data", TEST_BINARY_DIR);
    snprintf(errors, sizeof errors, "%s", in_folder("e"));
    assert_int_equal(pipe(ends), 0);
    close(ends[0]);
    pid_t child = fork();
    if (child == 0) {
        if (!freopen(errors, "wb", stderr) || dup2(ends[1], STDOUT_FILENO) < 0 ||
            chdir(test_folder()) != 0)
            _exit(98);
        execl(program, program, command, argument, "-o", "o", (char *)NULL);
        _exit(99);
    }
    close(ends[1]);
    assert_int_equal(waitpid(child, &code, 0), child);
    return WIFEXITED(code) ? WEXITSTATUS(code) : -WTERMSIG(code);
}

static void a_closed_pipe_ends_it_quietly(void **state)
{
    (void)state;
    char message[1000];
    assert_int_equal(run_unread("generate", "mmoe"), 3);
    assert_int_equal(read_file(message, sizeof message, "e"), 0);
    assert_runs("info o"); // whole, though told in vain
    assert_int_equal(count_names(test_folder()), 2);
    assert_int_equal(run_unread("generate", "soup"), 2); // what is wrong is told before
    assert_int_not_equal(read_file(message, sizeof message, "e"), 0);
}

static void an_output_is_a_file(void **state)
{
    (void)state;
    char output[1000];
    assert_int_equal(run_data(output, sizeof output, "generate mmoe -o -"), 2);
    assert_non_null(strstr(output, "--output: \"-\", wanted a file"));
    assert_int_equal(count_names(test_folder()), 0);
    assert_runs("generate mmoe --count 5 -o ./-");
    assert_int_equal(count_names(test_folder()), 1);
}

// A file that is an input stays, whatever name the output calls it by.
static void an_output_is_no_input(void **state)
{
    (void)state;
    static const struct {
        const char *args, *input;
    } same[] = {
        {"png d --csv l.csv -o l.csv", "l.csv"},
        {"png d --csv test=l.csv -o ./l.csv", "l.csv"},
        {"png d -o d/1.png", "d/1.png"},
        {"idx --images i --labels l -o i", "i"},
        {"idx --images i --labels l -o d/../l", "l"},
        {"show k -o k", "k"},
        {"show k -o link", "k"},
        {"compose --recipe mgda -i k -o k", "k"},
        {"compose --recipe mgda -i k -j m -o m", "m"},
    };
    char output[1000];
    make_folder("d");
    write_grey("d/1.png", 2, 2, 7);
    write_text("l.csv", "path,a\n1.png,1\n");
    write_idx("i", 8, 3, SIZES(1, 2, 2), "abcd", 4);
    write_idx("l", 8, 1, SIZES(1), "\0", 1);
    assert_runs("idx --images i --labels l -o k");
    assert_runs("idx --images i --labels l -o m");
    assert_int_equal(symlink(in_folder("k"), in_folder("link")), 0);
    for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
        unsigned char before[2000], after[2000];
        const size_t size = read_file(before, sizeof before, same[i].input);
        assert_int_equal(run_data(output, sizeof output, same[i].args), 2);
        assert_non_null(strstr(output, "which would be lost; wanted another file"));
        assert_int_equal(read_file(after, sizeof after, same[i].input), size);
        assert_memory_equal(after, before, size);
    }
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, test_folder_begin, test_folder_end)
    const struct CMUnitTest tests[] = {
        CASE(ctrl_c_leaves_nothing),         CASE(a_full_disk_leaves_nothing),
        CASE(a_full_disk_keeps_no_sheet),    CASE(a_full_standard_output_is_told),
        CASE(a_closed_pipe_ends_it_quietly), CASE(an_output_is_a_file),
        CASE(an_output_is_no_input),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
