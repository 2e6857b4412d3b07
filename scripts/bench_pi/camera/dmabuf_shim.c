/* Preloaded where the kernel has neither /dev/udmabuf nor /dev/dma_heap: both become plain memory files, which is
 * all that libcamera's virtual pipeline and picamera2's allocator need of them. Everything else goes on to libc.
 *
 *   gcc -O2 -shared -fPIC -o dmabuf_shim.so dmabuf_shim.c -ldl
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/dma-buf.h>
#include <linux/dma-heap.h>
#include <linux/udmabuf.h>
#include <stdarg.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

static int is_ours(const char *path)
{
    return path && (!strcmp(path, "/dev/udmabuf") || !strcmp(path, "/dev/dma_heap/system"));
}

static int stand_in(int flags)
{
    return syscall(SYS_openat, AT_FDCWD, "/dev/null", O_RDWR | (flags & O_CLOEXEC), 0);
}

#define OPEN(NAME)                                                                                                     \
    int NAME(const char *path, int flags, ...)                                                                         \
    {                                                                                                                  \
        static int (*libc)(const char *, int, ...);                                                                    \
        mode_t mode = 0;                                                                                               \
        if (flags & (O_CREAT | O_TMPFILE)) {                                                                           \
            va_list rest;                                                                                              \
            va_start(rest, flags);                                                                                     \
            mode = va_arg(rest, mode_t);                                                                               \
            va_end(rest);                                                                                              \
        }                                                                                                              \
        if (is_ours(path))                                                                                             \
            return stand_in(flags);                                                                                    \
        if (!libc)                                                                                                     \
            libc = dlsym(RTLD_NEXT, #NAME);                                                                            \
        return libc(path, flags, mode);                                                                                \
    }
OPEN(open)
OPEN(open64)

static int allocate(struct dma_heap_allocation_data *wanted)
{
    int fd = memfd_create("dma-heap", MFD_CLOEXEC);
    if (fd < 0)
        return -1;
    if (ftruncate(fd, wanted->len) < 0) {
        close(fd);
        return -1;
    }
    wanted->fd = fd;
    return 0;
}

int ioctl(int fd, unsigned long request, ...)
{
    static int (*libc)(int, unsigned long, ...);
    va_list rest;
    va_start(rest, request);
    void *argument = va_arg(rest, void *);
    va_end(rest);
    if (!libc)
        libc = dlsym(RTLD_NEXT, "ioctl");
    if (request == UDMABUF_CREATE)
        return fcntl(((struct udmabuf_create *)argument)->memfd, F_DUPFD_CLOEXEC, 3);
    if (request == DMA_HEAP_IOCTL_ALLOC)
        return allocate(argument);
    if ((request & 0xffff) == ((DMA_BUF_BASE << 8) | 1)) /* the buffer's name, of either width */
        return 0;
    int answer = libc(fd, request, argument);
    if (answer < 0 && request == DMA_BUF_IOCTL_SYNC && (errno == ENOTTY || errno == EINVAL))
        return 0; /* plain memory has no cache of its own to sync */
    return answer;
}
