/* Counts the calls by which a process changes files, and kills the process right after a given one.
 *
 * KILL_AFTER=n   SIGKILL once the n-th call has returned
 * FULL_AFTER=n   from the n-th call on the disk is full: what needs room fails, what makes room does not
 * KILL_COUNT=f   write the number of calls to the file f when the process ends
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

static long limit = -1, full = -1, count, off;

__attribute__((constructor)) static void begin(void) {
    const char *text = getenv("KILL_AFTER");
    limit = text ? atol(text) : -1;
    text = getenv("FULL_AFTER");
    full = text ? atol(text) : -1;
    /* The janitor is another process, and outlives the first. */
    char line[4096] = {0};
    FILE *file = fopen("/proc/self/cmdline", "r");
    if (file) {
        size_t length = fread(line, 1, sizeof line - 1, file);
        off = memmem(line, length, "__janitor", 9) != NULL;
        fclose(file);
    }
    count = 0;
}

__attribute__((destructor)) static void end(void) {
    const char *path = getenv("KILL_COUNT");
    long calls = count;
    FILE *file = path && !off ? fopen(path, "w") : NULL;
    if (file) {
        fprintf(file, "%ld", calls);
        fclose(file);
    }
}

static void changed(void) {
    if (!off && __atomic_add_fetch(&count, 1, __ATOMIC_SEQ_CST) == limit) kill(getpid(), SIGKILL);
}

static int is_full(void) {
    if (off || full < 0 || count + 1 < full) return 0;
    errno = ENOSPC;
    return 1;
}

#define REAL(type, name, params) static type(*real) params; if (!real) real = (type(*) params)dlsym(RTLD_NEXT, #name)
#define WRAP(type, name, params, args) \
    type name params { REAL(type, name, params); type result = real args; if (result >= 0) changed(); return result; }

#define TAKES(type, name, params, args) \
    type name params { REAL(type, name, params); if (is_full()) return -1; type result = real args; if (result >= 0) changed(); return result; }

WRAP(int, rename, (const char *a, const char *b), (a, b))
WRAP(int, renameat, (int c, const char *a, int d, const char *b), (c, a, d, b))
WRAP(int, renameat2, (int c, const char *a, int d, const char *b, unsigned f), (c, a, d, b, f))
WRAP(int, unlink, (const char *a), (a))
WRAP(int, unlinkat, (int d, const char *a, int f), (d, a, f))
WRAP(int, rmdir, (const char *a), (a))
TAKES(int, mkdir, (const char *a, mode_t m), (a, m))
TAKES(int, mkdirat, (int d, const char *a, mode_t m), (d, a, m))
TAKES(int, link, (const char *a, const char *b), (a, b))
TAKES(int, linkat, (int c, const char *a, int d, const char *b, int f), (c, a, d, b, f))
TAKES(int, symlink, (const char *a, const char *b), (a, b))
TAKES(int, symlinkat, (const char *a, int d, const char *b), (a, d, b))
WRAP(int, chmod, (const char *a, mode_t m), (a, m))
WRAP(int, fchmod, (int d, mode_t m), (d, m))
WRAP(int, fchmodat, (int d, const char *a, mode_t m, int f), (d, a, m, f))
WRAP(int, ftruncate, (int d, off_t n), (d, n))
WRAP(int, ftruncate64, (int d, off64_t n), (d, n))
TAKES(ssize_t, copy_file_range, (int a, off64_t *i, int b, off64_t *o, size_t n, unsigned f), (a, i, b, o, n, f))
TAKES(ssize_t, pwrite, (int d, const void *b, size_t n, off_t o), (d, b, n, o))
TAKES(ssize_t, pwrite64, (int d, const void *b, size_t n, off64_t o), (d, b, n, o))

ssize_t write(int fd, const void *bytes, size_t length) {
    REAL(ssize_t, write, (int, const void *, size_t));
    struct stat found;
    int file = fstat(fd, &found) == 0 && S_ISREG(found.st_mode);
    if (file && is_full()) return -1;
    ssize_t result = real(fd, bytes, length);
    if (result >= 0 && file) changed();
    return result;
}

#define OPEN(name, params, args) \
    int name params { \
        mode_t mode = 0; \
        if (flags & (O_CREAT | O_TMPFILE)) { va_list list; va_start(list, flags); mode = va_arg(list, mode_t); va_end(list); } \
        static int(*real) params; \
        if (!real) real = (int(*) params)dlsym(RTLD_NEXT, #name); \
        if (flags & O_CREAT && is_full()) return -1; \
        int result = real args; \
        if (result >= 0 && flags & (O_CREAT | O_TRUNC)) changed(); \
        return result; \
    }

OPEN(open, (const char *path, int flags, ...), (path, flags, mode))
OPEN(open64, (const char *path, int flags, ...), (path, flags, mode))
OPEN(openat, (int at, const char *path, int flags, ...), (at, path, flags, mode))
OPEN(openat64, (int at, const char *path, int flags, ...), (at, path, flags, mode))
