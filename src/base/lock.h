// A folder that one process works in at a time.
#ifndef BOUGH_BASE_LOCK_H
#define BOUGH_BASE_LOCK_H

#include <bough/status.h>

// Held until it is closed, or its process ends in whatever way.
struct bough__lock;

// Locks <folder>/lock, a file that names the holder and stays when the lock is gone: removing it
// would let two hold locks of two files of one name. Where the file system has no locks, that is
// warned of. NFS has them.
// Errors: DATA, naming the process and host that hold it, also for a second lock of this process.
enum bough_status bough__lock_open(struct bough__lock **lock, const char *folder);
void bough__lock_close(struct bough__lock **lock); // takes NULL, sets NULL

#endif
