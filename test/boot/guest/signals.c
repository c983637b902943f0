/*
 * A glibc program that looks at what signals, children, mappings and clocks are to a Linux program. One line for each
 * thing; test/boot/glibc.test.ts has what Linux prints.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fenv.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

extern char **environ;

static volatile int caught;
static volatile int on_alternate;
static siginfo_t info;
static sigjmp_buf back;
static char alternate[65536];

static void plain(int sig) { caught = sig; }
static void with_info(int sig, siginfo_t *i, void *c) { caught = sig, info = *i; }
static void jump(int sig, siginfo_t *i, void *c) { with_info(sig, i, c), siglongjmp(back, 1); }
static void where(int sig) {
  char here;
  on_alternate = &here >= alternate && &here < alternate + sizeof alternate;
}
/* Continues behind the two-byte ebreak: the registers in the frame are the program's to change. */
static void skip(int sig, siginfo_t *i, void *c) { caught = sig, ((ucontext_t *)c)->uc_mcontext.__gregs[0] += 2; }

static void catch_info(int sig, void (*handler)(int, siginfo_t *, void *), int flags) {
  struct sigaction a = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO | flags};
  sigaction(sig, &a, 0);
}
static void catch_plain(int sig, void (*handler)(int), int flags) {
  struct sigaction a = {.sa_handler = handler, .sa_flags = flags};
  sigaction(sig, &a, 0);
}

static void sending(void) {
  catch_info(SIGUSR1, with_info, 0);
  raise(SIGUSR1);
  printf("raise: code %d, from me %d\n", info.si_code, info.si_pid == getpid());
  kill(getpid(), SIGUSR1);
  printf("kill: code %d\n", info.si_code);
  sigqueue(getpid(), SIGUSR1, (union sigval){.sival_int = 77});
  printf("sigqueue: code %d, value %d\n", info.si_code, info.si_value.sival_int);
  catch_plain(SIGUSR1, plain, SA_RESETHAND | SA_NODEFER);
  raise(SIGUSR1);
  struct sigaction now;
  sigaction(SIGUSR1, 0, &now);
  printf("SA_RESETHAND: default %d\n", now.sa_handler == SIG_DFL);
  printf("kill nobody: %d", kill(99999, 0));
  printf(" %s\n", strerror(errno));
}

static void faults(void) {
  catch_info(SIGSEGV, jump, 0);
  catch_info(SIGILL, jump, 0);
  if (!sigsetjmp(back, 1)) *(volatile int *)8 = 1;
  printf("unmapped: code %d at %lx\n", info.si_code, (long)info.si_addr);
  char *p = mmap(0, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (!sigsetjmp(back, 1)) *(volatile int *)(p + 16) = 1;
  printf("read-only: code %d at +%lx\n", info.si_code, (long)((char *)info.si_addr - p));
  if (!sigsetjmp(back, 1)) asm volatile(".word 0");
  printf("illegal: signal %d, code %d\n", caught, info.si_code);
  catch_info(SIGTRAP, skip, 0);
  asm volatile("c.ebreak");
  printf("ebreak: signal %d, and on\n", caught);
}

static void stacks_and_masks(void) {
  sigaltstack(&(stack_t){.ss_sp = alternate, .ss_size = sizeof alternate}, 0);
  catch_plain(SIGUSR2, where, SA_ONSTACK);
  raise(SIGUSR2);
  printf("alternate stack: %d\n", on_alternate);
  catch_plain(SIGUSR2, plain, 0);
  sigset_t mask, before, pending, none;
  sigemptyset(&none), sigemptyset(&mask), sigaddset(&mask, SIGUSR2);
  sigprocmask(SIG_BLOCK, &mask, &before);
  caught = 0, raise(SIGUSR2), sigpending(&pending);
  printf("blocked: caught %d, pending %d\n", caught, sigismember(&pending, SIGUSR2));
  int r = sigsuspend(&none);
  printf("sigsuspend: %d %s, caught %d\n", r, strerror(errno), caught);
  raise(SIGUSR2);
  struct timespec soon = {0, 20000000};
  printf("sigtimedwait: %d", sigtimedwait(&mask, 0, &soon));
  printf(" then %d", sigtimedwait(&mask, 0, &soon));
  printf(" %s\n", strerror(errno));
  sigprocmask(SIG_SETMASK, &before, 0);
}

static void interruptions(void) {
  catch_plain(SIGALRM, plain, 0);
  struct itimerval in = {{0, 0}, {0, 20000}};
  setitimer(ITIMER_REAL, &in, 0);
  int r = poll(0, 0, 1000);
  printf("poll: %d %s\n", r, strerror(errno));
  setitimer(ITIMER_REAL, &in, 0);
  struct timespec long_time = {1, 0}, rest;
  r = nanosleep(&long_time, &rest);
  printf("nanosleep: %d %s, most is left %d\n", r, strerror(errno), rest.tv_nsec > 800000000);
  fesetround(FE_UPWARD);
  catch_plain(SIGUSR1, plain, 0);
  volatile double one = 1, three = 3;
  raise(SIGUSR1);
  printf("rounding mode: kept %d, %.17g\n", fegetround() == FE_UPWARD, one / three);
  fesetround(FE_TONEAREST);
}

static void children(int is_child) {
  if (is_child) _exit(33);
  int status;
  catch_info(SIGCHLD, with_info, SA_RESTART);
  pid_t c = fork();
  if (!c) _exit(5);
  waitpid(c, &status, 0);
  printf("exit: code %d, status %d, its pid %d, word %x\n", info.si_code, info.si_status, info.si_pid == c, status);
  c = fork();
  if (!c) pause(), _exit(1);
  usleep(10000), kill(c, SIGSTOP), waitpid(c, &status, WUNTRACED);
  printf("stop: %d by %d, code %d\n", WIFSTOPPED(status), WSTOPSIG(status), info.si_code);
  kill(c, SIGCONT), waitpid(c, &status, WCONTINUED);
  printf("continue: %d, code %d\n", WIFCONTINUED(status), info.si_code);
  kill(c, SIGTERM), waitpid(c, &status, 0);
  printf("kill: by %d, code %d\n", WTERMSIG(status), info.si_code);
  siginfo_t seen = {0};
  c = fork();
  if (!c) _exit(9);
  waitid(P_PID, c, &seen, WEXITED | WNOWAIT), waitpid(c, &status, 0);
  printf("waitid: code %d, status %d, then %d\n", seen.si_code, seen.si_status, WEXITSTATUS(status));
  signal(SIGCHLD, SIG_IGN);
  c = fork();
  if (!c) _exit(0);
  usleep(10000);
  printf("ignored: %d", waitpid(c, &status, 0));
  printf(" %s\n", strerror(errno));
  signal(SIGCHLD, SIG_DFL);
  char *argv[] = {"self", "child", 0};
  int r = posix_spawn(&c, "/proc/self/exe", 0, 0, argv, environ);
  if (r == 0) waitpid(c, &status, 0);
  printf("posix_spawn: %d, %d\n", r, WEXITSTATUS(status));
  printf("posix_spawn of nothing: %s\n", strerror(posix_spawn(&c, "/nothing", 0, 0, argv, environ)));
  c = vfork();
  if (!c) _exit(11);
  waitpid(c, &status, 0);
  printf("vfork: %d\n", WEXITSTATUS(status));
  int ends[2];
  pipe(ends), close(ends[0]), signal(SIGPIPE, SIG_IGN);
  r = write(ends[1], "x", 1);
  printf("broken pipe: %d %s\n", r, strerror(errno));
}

static void memory(void) {
  char *p = mmap(0, 16384, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  strcpy(p, "kept");
  p = mremap(p, 16384, 1 << 20, MREMAP_MAYMOVE);
  printf("mremap: %s\n", p);
  madvise(p, 4096, MADV_DONTNEED);
  printf("MADV_DONTNEED: %d\n", p[0]);
  printf("bad buffer: %zd", write(1, (void *)1, 5));
  printf(" %s\n", strerror(errno));
}

int main(int argc, char **argv) {
  setvbuf(stdout, 0, _IONBF, 0);
  if (argc > 1) children(1);
  sending();
  faults();
  stacks_and_masks();
  interruptions();
  children(0);
  memory();
  abort();
}
