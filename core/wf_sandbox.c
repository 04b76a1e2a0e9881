/*-------------------------------------------------------------------------
 *
 * wf_sandbox.c
 *	  What the crawler takes from itself before it reads a hostile byte.
 *
 * The crawler runs as the server's system user, so what it must not be able
 * to do when it is taken over: start programs, reach other processes, read
 * the data directory, connect to the server's Unix socket.
 *
 * Under a sanitizer only the harmless parts are done: its shadow memory and
 * its leak checker need what is forbidden here.
 *
 *-------------------------------------------------------------------------
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <netdb.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <linux/landlock.h>

#ifndef WF_NO_SECCOMP
#include <seccomp.h>
#endif

#include "wf_sandbox.h"

#if defined(__SANITIZE_ADDRESS__)
#define UNDER_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(memory_sanitizer)
#define UNDER_SANITIZER 1
#endif
#endif
#ifndef UNDER_SANITIZER
#define UNDER_SANITIZER 0
#endif

#define ADDRESS_SPACE	((rlim_t) 1 << 30)
#define MAX_DESCRIPTORS ((rlim_t) 16384)
#define THREAD_STACK	(256 * 1024)
#define OOM_SCORE		"500\n"

static void
lower_limit(int which, rlim_t value)
{
	struct rlimit limit;

	if (getrlimit(which, &limit) != 0)
		return;
	if (limit.rlim_max == RLIM_INFINITY || limit.rlim_max > value)
		limit.rlim_max = value;
	limit.rlim_cur = limit.rlim_max;
	(void) setrlimit(which, &limit);
}

/* The first to go when memory is short. */
static void
raise_oom_score(void)
{
	int			fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	if (write(fd, OOM_SCORE, sizeof(OOM_SCORE) - 1) < 0)
	{
		/* it stays as it was: nothing depends on it */
	}
	close(fd);
}

/*
 * Resolver threads get small stacks and no malloc arenas of their own; what
 * an unusually large page needed goes back to the system at once.
 */
static void
limit_memory(void)
{
	pthread_attr_t attr;

	(void) mallopt(M_ARENA_MAX, 1);
	(void) mallopt(M_MMAP_THRESHOLD, 1024 * 1024);
	(void) mallopt(M_TRIM_THRESHOLD, 8 * 1024 * 1024);
	if (pthread_attr_init(&attr) != 0)
		return;
	if (pthread_attr_setstacksize(&attr, THREAD_STACK) == 0)
		(void) pthread_setattr_default_np(&attr);
	pthread_attr_destroy(&attr);
}

bool
wf_sandbox_prepare(bool worker, int last_fd)
{
	if (worker)
	{
		/* PID 1 as parent: it died before we could ask to die with it */
		if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() == 1)
			return false;
	}
	(void) syscall(SYS_close_range, (unsigned int) last_fd + 1, ~0u, 0);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	(void) clearenv();
	umask(077);
	if (chdir("/") != 0)
		return false;
	raise_oom_score();
	lower_limit(RLIMIT_CORE, 0);
	lower_limit(RLIMIT_NOFILE, MAX_DESCRIPTORS);
	if (worker)
		lower_limit(RLIMIT_FSIZE, 0);
	if (!UNDER_SANITIZER)
	{
		lower_limit(RLIMIT_AS, ADDRESS_SPACE);
		limit_memory();
	}
	return true;
}

/* ---------- files ---------- */

/*
 * Nothing may be written; read may be what the resolver, TLS and character
 * sets need.  /etc as a whole because resolv.conf is replaced, not rewritten.
 */
static const char *const readable[] = {
	"/etc", "/usr", "/lib", "/lib64", "/run/systemd/resolve", "/run/resolvconf",
	"/run/NetworkManager", "/dev/null", "/dev/urandom", "/proc/sys/vm/overcommit_memory"
};

static bool
allow_reading(int ruleset, const char *path, uint64_t handled)
{
	struct landlock_path_beneath_attr rule = {0};
	struct stat info;
	long		result;

	rule.parent_fd = open(path, O_PATH | O_CLOEXEC);
	if (rule.parent_fd < 0)
		return true;			/* not on this machine */
	rule.allowed_access = LANDLOCK_ACCESS_FS_READ_FILE;
	if (fstat(rule.parent_fd, &info) == 0 && S_ISDIR(info.st_mode))
		rule.allowed_access |= LANDLOCK_ACCESS_FS_READ_DIR;
	rule.allowed_access &= handled;
	result = syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
	close(rule.parent_fd);
	return result == 0;
}

static bool
enter_landlock(void)
{
	struct landlock_ruleset_attr attr = {0};
	bool		good = true;
	int			ruleset;

	/* all rights of the first version of Landlock's interface */
	attr.handled_access_fs = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1;
	ruleset = (int) syscall(SYS_landlock_create_ruleset, &attr, sizeof(attr), 0);
	if (ruleset < 0)
		return errno == ENOSYS || errno == EOPNOTSUPP || errno == EPERM;
	for (size_t i = 0; good && i < sizeof(readable) / sizeof(readable[0]); i++)
		good = allow_reading(ruleset, readable[i], attr.handled_access_fs);
	if (good)
		good = syscall(SYS_landlock_restrict_self, ruleset, 0) == 0;
	close(ruleset);
	return good;
}

/* ---------- system calls ---------- */

#ifndef WF_NO_SECCOMP

/* Needed whatever the arguments are. */
static const int allowed[] = {
	SCMP_SYS(read), SCMP_SYS(write), SCMP_SYS(readv), SCMP_SYS(writev), SCMP_SYS(pread64),
	SCMP_SYS(recvfrom), SCMP_SYS(recvmsg), SCMP_SYS(recvmmsg),
	SCMP_SYS(sendto), SCMP_SYS(sendmsg), SCMP_SYS(sendmmsg),
	SCMP_SYS(connect), SCMP_SYS(bind), SCMP_SYS(shutdown), SCMP_SYS(getsockname),
	SCMP_SYS(getpeername), SCMP_SYS(getsockopt), SCMP_SYS(setsockopt),
	SCMP_SYS(epoll_create1), SCMP_SYS(epoll_ctl), SCMP_SYS(epoll_wait), SCMP_SYS(epoll_pwait),
	SCMP_SYS(poll), SCMP_SYS(ppoll), SCMP_SYS(select), SCMP_SYS(pselect6),
	SCMP_SYS(close), SCMP_SYS(fcntl), SCMP_SYS(lseek), SCMP_SYS(pipe2), SCMP_SYS(eventfd2),
	SCMP_SYS(fstat), SCMP_SYS(stat), SCMP_SYS(lstat), SCMP_SYS(newfstatat), SCMP_SYS(statx),
	SCMP_SYS(access), SCMP_SYS(faccessat), SCMP_SYS(faccessat2), SCMP_SYS(readlink),
	SCMP_SYS(readlinkat), SCMP_SYS(getdents64), SCMP_SYS(getcwd), SCMP_SYS(uname),
	SCMP_SYS(fadvise64),
	SCMP_SYS(mmap), SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(mprotect), SCMP_SYS(madvise),
	SCMP_SYS(brk), SCMP_SYS(futex), SCMP_SYS(set_robust_list), SCMP_SYS(rseq),
	SCMP_SYS(membarrier), SCMP_SYS(sched_yield), SCMP_SYS(sched_getaffinity),
	SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigreturn),
	SCMP_SYS(sigaltstack), SCMP_SYS(restart_syscall),
	SCMP_SYS(exit), SCMP_SYS(exit_group),
	SCMP_SYS(getpid), SCMP_SYS(getppid), SCMP_SYS(gettid), SCMP_SYS(getuid),
	SCMP_SYS(geteuid), SCMP_SYS(getgid), SCMP_SYS(getegid), SCMP_SYS(getrlimit),
	SCMP_SYS(getrusage), SCMP_SYS(sysinfo),
	SCMP_SYS(clock_gettime), SCMP_SYS(clock_getres), SCMP_SYS(clock_nanosleep),
	SCMP_SYS(nanosleep), SCMP_SYS(gettimeofday), SCMP_SYS(time), SCMP_SYS(getrandom),
};

/* No mistake of ours ever makes these: who does is not us any more. */
static const int deadly[] = {
	SCMP_SYS(execve), SCMP_SYS(execveat), SCMP_SYS(ptrace), SCMP_SYS(fork), SCMP_SYS(vfork),
	SCMP_SYS(process_vm_readv), SCMP_SYS(process_vm_writev), SCMP_SYS(bpf),
	SCMP_SYS(init_module), SCMP_SYS(kexec_load), SCMP_SYS(mount), SCMP_SYS(setuid),
};

/* Socket families and kinds of pairs that are opened. */
static int
add_socket_rules(scmp_filter_ctx ctx)
{
	static const int families[] = {AF_INET, AF_INET6, AF_NETLINK};
	int			bad = 0;

	for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++)
		bad |= seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(socket), 1,
								SCMP_A0(SCMP_CMP_EQ, families[i]));
	bad |= seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(socketpair), 0);
	return bad;
}

/* Calls that are allowed with some arguments only. */
static int
add_argument_rules(scmp_filter_ctx ctx)
{
	const unsigned long writing = O_WRONLY | O_RDWR | O_CREAT | O_TRUNC | O_APPEND;
	static const unsigned long requests[] = {FIONREAD, FIONBIO, TCGETS};
	int			bad = add_socket_rules(ctx);

	bad |= seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(openat), 1,
							SCMP_A2(SCMP_CMP_MASKED_EQ, writing, 0));
	bad |= seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(open), 1,
							SCMP_A1(SCMP_CMP_MASKED_EQ, writing, 0));
	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++)
		bad |= seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 1,
								SCMP_A1(SCMP_CMP_EQ, requests[i]));
	/* threads yes, processes no; glibc tries clone3 first, whose flags are in memory */
	bad |= seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1,
							SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD));
	bad |= seccomp_rule_add(ctx, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
	/* reading limits, and signals to itself (abort) */
	bad |= seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(prlimit64), 1,
							SCMP_A2(SCMP_CMP_EQ, 0));
	bad |= seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1,
							SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t) getpid()));
	return bad;
}

static bool
enter_seccomp(void)
{
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	int			bad = 0;

	if (ctx == NULL)
		return false;
	for (size_t i = 0; i < sizeof(allowed) / sizeof(allowed[0]); i++)
		bad |= seccomp_rule_add(ctx, SCMP_ACT_ALLOW, allowed[i], 0);
	for (size_t i = 0; i < sizeof(deadly) / sizeof(deadly[0]); i++)
		bad |= seccomp_rule_add(ctx, SCMP_ACT_KILL_PROCESS, deadly[i], 0);
	bad |= add_argument_rules(ctx);
	/* binary search instead of a chain; no slow-down of speculation for all code */
	(void) seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	(void) seccomp_attr_set(ctx, SCMP_FLTATR_CTL_SSB, 1);
	if (bad == 0)
		bad = seccomp_load(ctx);
	seccomp_release(ctx);
	return bad == 0 || prctl(PR_GET_SECCOMP) < 0;
}

#else

static bool
enter_seccomp(void)
{
	return true;
}

#endif							/* WF_NO_SECCOMP */

/* Have the resolver's modules loaded while everything is readable. */
static void
warm_resolver(void)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
	struct addrinfo *list;

	if (getaddrinfo("localhost", "80", &hints, &list) == 0)
		freeaddrinfo(list);
}

const char *
wf_sandbox_enter(void)
{
	warm_resolver();
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return "no_new_privs";
	if (UNDER_SANITIZER)
		return NULL;
	if (!enter_landlock())
		return "Landlock";
	if (!enter_seccomp())
		return "seccomp";
	return NULL;
}
