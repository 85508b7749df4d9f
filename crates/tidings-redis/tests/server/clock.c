/* Put before the C library, so that a program's clock is off by the seconds that a file says. */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

static long seconds_off(void) {
  char text[32] = {0};
  const char *path = getenv("CLOCK_FILE");
  int file = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
  if (file < 0) return 0;
  ssize_t bytes = read(file, text, sizeof text - 1);
  close(file);
  return bytes > 0 ? atol(text) : 0;
}

int gettimeofday(struct timeval *restrict time, void *restrict zone) {
  long answer = syscall(SYS_gettimeofday, time, zone);
  if (answer == 0 && time) time->tv_sec += seconds_off();
  return (int)answer;
}
