/* For LD_PRELOAD: counts the groups of UDP datagrams that a program sends with UDP_SEGMENT, and refuses them as a device or a kernel would
 * that cannot send them.
 *
 *   SEGMENT_LOG      file that gets the number of datagrams of each group, a line each
 *   SEGMENT_ERRNO    groups fail with this errno; without it, they are sent
 *   SEGMENT_BLOCKED  after a group that failed, so many single sends fail with EAGAIN */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif

static int number(const char *name) {
  const char *value = getenv(name);
  return value ? atoi(value) : 0;
}

static int is_group(const struct msghdr *message) {
  for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR((struct msghdr *)message, c))
    if (c->cmsg_level == IPPROTO_UDP && c->cmsg_type == UDP_SEGMENT) return 1;
  return 0;
}

ssize_t sendmsg(int fd, const struct msghdr *message, int flags) {
  static ssize_t (*real)(int, const struct msghdr *, int);
  static int log_fd = -1, blocked;
  if (!real) {
    real = (ssize_t(*)(int, const struct msghdr *, int))dlsym(RTLD_NEXT, "sendmsg");
    const char *path = getenv("SEGMENT_LOG");
    if (path) log_fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
  }
  if (!is_group(message)) {
    if (message->msg_namelen > 0 && blocked > 0) {
      blocked--;
      errno = EAGAIN;
      return -1;
    }
    return real(fd, message, flags);
  }
  if (log_fd >= 0) dprintf(log_fd, "%zu\n", message->msg_iovlen);
  int error = number("SEGMENT_ERRNO");
  if (!error) return real(fd, message, flags);
  blocked = number("SEGMENT_BLOCKED");
  errno = error;
  return -1;
}
