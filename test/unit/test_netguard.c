/*-------------------------------------------------------------------------
 *
 * test_netguard.c
 *	  The table of addresses and their spellings: what must never be reached,
 *	  what must always be, and where the borders of each network are.
 *
 * Each URL goes the way of a request: parsed, its host checked, and if that
 * is a literal its address checked as a socket's would be.
 *
 *-------------------------------------------------------------------------
 */
#include <arpa/inet.h>
#include <netinet/in.h>

#include "unit.h"

#include "core/wf_netguard.h"
#include "core/wf_url.h"

/* Refused when only public addresses are allowed: literals in all spellings. */
static const char *const refused_urls[] = {
	/* loopback */
	"http://127.0.0.1/", "https://127.0.0.1/", "http://127.0.0.1:443/", "http://127.1/",
	"http://127.0.1/", "http://127.255.255.254/", "http://0x7f000001/", "http://0x7f.1/",
	"http://0x7f.0.0.1/", "http://0x7F.0x0.0x0.0x1/", "http://0177.0.0.1/", "http://0177.1/",
	"http://017700000001/", "http://2130706433/", "http://127.0.0.1./", "http://127.1./",
	"http://0x7f000001./", "http://2130706433./", "http://00000177.0.0.01/", "http://127.000.000.1/",
	"http://%31%32%37.0.0.1/", "http://127%2e0%2e0%2e1/", "http://127.0.0.%31/",
	"http://\xef\xbc\x91\xef\xbc\x92\xef\xbc\x97.0.0.1/",	/* full-width digits */
	"http://127\xe3\x80\x82" "0\xe3\x80\x82" "0\xe3\x80\x82" "1/",	/* ideographic full stops */
	"http://127\xef\xbc\x8e" "0.0.1/",	/* full-width full stop */
	"http://\xe2\x91\xa0\xe2\x91\xa1\xe2\x91\xa6.0.0.1/",	/* circled digits */
	"http://0/", "http://0.0.0.0/", "http://0x0/", "http://00/", "http://0.0/", "http://0.1.2.3/",
	"http:127.0.0.1/", "http:/127.0.0.1/", "http:///127.0.0.1/", "http:\\\\127.0.0.1\\",
	"http://\\127.0.0.1/", "  http://127.0.0.1/  ", "ht\ttp://127.0.0.1/", "http://127.\n0.0.1/",
	"HTTP://127.0.0.1/", "http://127.0.0.1?x", "http://127.0.0.1#x", "http://127.0.0.1\\@example.org/",
	/* user info */
	"http://example.org@127.0.0.1/", "http://example.org:80@127.0.0.1/", "http://a:b@127.0.0.1:80/",
	"http://example.org%40127.0.0.1/x@127.0.0.1/", "http://example.org@2130706433/",
	/* private and shared networks */
	"http://10.0.0.1/", "http://10.255.255.255/", "http://10.1/", "http://0xa000001/",
	"http://012.0.0.1/", "http://167772161/", "http://172.16.0.1/", "http://172.31.255.255/",
	"http://172.16.1/", "http://0xac100001/", "http://2886729729/", "http://192.168.0.1/",
	"http://192.168.1/", "http://192.168.255.255/", "http://0xc0a80001/", "http://3232235521/",
	"http://0300.0250.0.1/", "http://100.64.0.1/", "http://100.127.255.255/", "http://100.100.100.200/",
	"http://0x64646464/",
	/* link local and metadata services */
	"http://169.254.169.254/", "http://169.254.169.254/latest/meta-data/", "http://0xa9fea9fe/",
	"http://2852039166/", "http://0251.0376.0251.0376/", "http://169.254.43518/",
	"http://169.16689662/", "http://0xa9.254.0251.254/", "http://169.254.0.1/",
	"http://169.254.169.254./", "http://168.63.129.16/", "http://0xa83f8110/",
	/* other special networks */
	"http://192.0.0.1/", "http://192.0.0.192/", "http://192.0.2.1/", "http://192.88.99.1/",
	"http://198.18.0.1/", "http://198.19.255.255/", "http://198.51.100.7/", "http://203.0.113.9/",
	"http://224.0.0.1/", "http://239.255.255.250/", "http://240.0.0.1/", "http://255.255.255.255/",
	"http://4294967295/", "http://0xffffffff/", "http://037777777777/",
	/* IPv6 */
	"http://[::1]/", "http://[::1]:80/", "http://[0:0:0:0:0:0:0:1]/", "http://[0000:0000::0001]/",
	"http://[::]/", "http://[0::0]/", "http://[::127.0.0.1]/", "http://[::7f00:1]/",
	"http://[::ffff:127.0.0.1]/", "http://[::ffff:7f00:1]/", "http://[0:0:0:0:0:ffff:7f00:1]/",
	"http://[::FFFF:127.0.0.1]/", "http://[0:0:0:0:0:FFFF:127.0.0.1]/", "http://[::ffff:10.0.0.1]/",
	"http://[::ffff:a00:1]/", "http://[::ffff:169.254.169.254]/", "http://[::ffff:a9fe:a9fe]/",
	"http://[::ffff:192.168.1.1]/", "http://[::ffff:172.16.0.1]/", "http://[::ffff:100.64.0.1]/",
	"http://[::ffff:0.0.0.0]/", "http://[::ffff:0:127.0.0.1]/", "http://[::ffff:0:7f00:1]/",
	"http://[64:ff9b::127.0.0.1]/", "http://[64:ff9b::7f00:1]/", "http://[64:ff9b::10.0.0.1]/",
	"http://[64:ff9b::169.254.169.254]/", "http://[64:ff9b::a9fe:a9fe]/", "http://[64:ff9b::192.168.0.1]/",
	"http://[64:ff9b:1::127.0.0.1]/", "http://[64:ff9b:1::8.8.8.8]/", "http://[64:ff9b:1:ffff::1]/",
	"http://[100::1]/", "http://[2001::1]/", "http://[2001:0:4136:e378:8000:63bf:3fff:fdd2]/",
	"http://[2001:2::1]/", "http://[2001:10::1]/", "http://[2001:20::1]/", "http://[2001:1::1]/",
	"http://[2001:1ff::1]/", "http://[2001:db8::1]/", "http://[2001:db8:ffff::1]/",
	"http://[2002:7f00:1::]/", "http://[2002:a9fe:a9fe::]/", "http://[2002:a00:1::1]/",
	"http://[2002:808:808::1]/", "http://[2002:c0a8:101::1]/", "http://[3ffe::1]/", "http://[3fff::1]/",
	"http://[3fff:fff::1]/", "http://[5f00::1]/", "http://[fc00::1]/", "http://[fd00::1]/",
	"http://[fd00:ec2::254]/", "http://[fdff:ffff::1]/", "http://[fe80::1]/", "http://[febf::1]/",
	"http://[fec0::1]/", "http://[feff::1]/", "http://[ff02::1]/", "http://[ff05::1:3]/",
	"http://[ffff::1]/", "http://[4000::1]/", "http://[1000::1]/", "http://[1fff::1]/", "http://[e000::1]/",
	"http://[0:0:0:0:0:0:7f00:1]/", "http://[::2]/", "http://[::ffff:224.0.0.1]/",
	"http://[::ffff:255.255.255.255]/", "http://[fe80::1%25eth0]/", "http://[fe80::1%eth0]/",
	"http://[::1%25lo]/", "http://[::1%lo]/", "http://[::1]./", "http://[::ffff:127.1]/",
	"http://[::ffff:0x7f000001]/", "http://%5b::1%5d/", "http://[::1", "http://::1/",
	/* names of this machine and this network */
	"http://localhost/", "http://LOCALHOST/", "http://localhost./", "http://localhost:80/",
	"http://www.localhost/", "http://a.b.localhost/", "http://local%68ost/", "http://loc\talhost/",
	"http://\xef\xbd\x8cocalhost/", "http://localhost\\@example.org/", "http://example.org@localhost/",
	"http://printer.local/", "http://metadata.google.internal/", "http://metadata.google.internal./",
	"http://METADATA.google.INTERNAL/", "http://instance-data/", "http://metadata/", "http://intranet/",
	"http://router.lan/", "http://nas.home/", "http://wiki.corp/", "http://box.home.arpa/",
	"http://x.localdomain/", "http://db.private/", "http://db.intranet/", "http://postgres/",
	/* ports */
	"http://93.184.216.34:22/", "http://93.184.216.34:25/", "http://93.184.216.34:5432/",
	"http://93.184.216.34:8080/", "http://example.org:22/", "http://example.org:5432/",
	"https://example.org:6379/", "http://[2606:4700::1111]:81/", "http://example.org:0/",
	"http://example.org:65535/", "http://example.org:65536/", "http://example.org:80443/",
	"http://127.0.0.1:5432/", "http://[::1]:5432/",
	/* not http */
	"file:///etc/passwd", "ftp://127.0.0.1/", "gopher://127.0.0.1:6379/_x", "dict://127.0.0.1/",
	"ldap://127.0.0.1/", "unix:///var/run/postgresql/.s.PGSQL.5432", "jar:http://127.0.0.1/",
	"javascript:alert(1)", "data:text/html,x", "//127.0.0.1/", "127.0.0.1", "http://", "http:///",
	"http://?", "http://:80/", "http://a b/", "http://exa\0mple", "http://256.256.256.256/",
	"http://1.2.3.4.5/", "http://0x100000000/", "http://1.2.3.256/", "http://exam%00ple.org/",
	"http://example.org%0d%0aHost:%20localhost/", "http://example.org%2f@127.0.0.1/",
};

/* Allowed under the same policy. */
static const char *const allowed_urls[] = {
	"http://example.org/", "https://example.org/", "http://www.example.org:80/path?q#f",
	"https://www.example.org:443/", "http://EXAMPLE.org/", "http://example.org./",
	"http://sub.domain.example.co.uk/", "http://xn--mnchen-3ya.de/", "http://m\xc3\xbcnchen.de/",
	"http://1and1.com/", "http://127.example.org/", "http://10.0.0.1.example.org/",
	"http://localhost.example.org/", "http://local.example.org/", "http://internal-tools.com/",
	"http://mylocalhost.com/", "http://a-b.c-d.org/", "http://a_b.example.org/", "http://1.1.1.1/",
	"http://8.8.8.8/", "http://93.184.216.34/", "http://9.255.255.255/", "http://11.0.0.0/",
	"http://100.63.255.255/", "http://100.128.0.0/", "http://126.255.255.255/", "http://128.0.0.1/",
	"http://169.253.255.255/", "http://169.255.0.0/", "http://172.15.255.255/", "http://172.32.0.0/",
	"http://191.255.255.255/", "http://192.0.1.0/", "http://192.0.3.0/", "http://192.88.98.255/",
	"http://192.88.100.0/", "http://192.167.255.255/", "http://192.169.0.0/", "http://198.17.255.255/",
	"http://198.20.0.0/", "http://198.51.99.255/", "http://198.51.101.0/", "http://203.0.112.255/",
	"http://203.0.114.0/", "http://223.255.255.255/", "http://1.0.0.0/", "http://168.63.129.15/",
	"http://0x08080808/", "http://134744072/", "http://010.010.010.010/",
	"http://[2606:4700:4700::1111]/", "https://[2606:4700:4700::1111]:443/", "http://[2a00:1450:4001:81b::200e]/",
	"http://[2001:4860:4860::8888]/", "http://[2001:200::1]/", "http://[2001:db7:ffff::1]/",
	"http://[2001:db9::1]/", "http://[2003::1]/", "http://[2400:cb00::1]/", "http://[3ffd::1]/",
	"http://[3fff:1000::1]/", "http://[2000::1]/", "http://[::ffff:8.8.8.8]/", "http://[::ffff:808:808]/",
	"http://[64:ff9b::8.8.8.8]/", "http://[64:ff9b::808:808]/",
};

static WfArena *arena;

static WfNetguard *
guard_of(const char *networks, const char *ports, const char *allowed, const char *denied)
{
	WfNetguardLists lists = {networks, ports, allowed, denied};

	return wf_netguard_create(&lists);
}

/* The address of a literal, as a resolver would give it to a socket. */
static bool
socket_allowed(const WfNetguard *guard, const WfUrl *url)
{
	struct sockaddr_in v4 = {.sin_family = AF_INET};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};

	if (url->host_type == WF_HOST_NAME)
		return true;
	v4.sin_port = v6.sin6_port = htons((uint16_t) url->port);
	if (url->host_type == WF_HOST_IPV4)
	{
		memcpy(&v4.sin_addr, url->address, 4);
		return wf_netguard_allows_address(guard, (struct sockaddr *) &v4, sizeof(v4));
	}
	memcpy(&v6.sin6_addr, url->address, 16);
	return wf_netguard_allows_address(guard, (struct sockaddr *) &v6, sizeof(v6));
}

/* By host, by socket address and by address in text, which must agree. */
static bool
url_allowed(const WfNetguard *guard, const char *text, bool *agree)
{
	WfUrl		url;
	bool		by_host;
	bool		by_socket;

	*agree = true;
	wf_arena_reset(arena);
	if (wf_url_parse(arena, slice(text), NULL, &url) != WF_OK || url.has_credentials)
		return false;
	by_host = wf_netguard_check_host(guard, url.host, url.port) == WF_NETGUARD_ALLOWED;
	by_socket = socket_allowed(guard, &url);
	if (url.host_type != WF_HOST_NAME)
	{
		char		address[64];

		snprintf(address, sizeof(address), "%.*s", (int) url.host.len, url.host.data);
		*agree = by_host == by_socket &&
			by_socket == wf_netguard_allows_text(guard, address, url.port);
	}
	return by_host && by_socket;
}

static void
test_table(void)
{
	WfNetguard *guard = guard_of("", "80,443", "", "");
	int			refused = sizeof(refused_urls) / sizeof(refused_urls[0]);
	int			allowed = sizeof(allowed_urls) / sizeof(allowed_urls[0]);
	bool		agree;

	for (int i = 0; i < refused; i++)
		ok(!url_allowed(guard, refused_urls[i], &agree) && agree, "refused: %s",
		   strpbrk(refused_urls[i], "\n\t") ? "(with control characters)" : refused_urls[i]);
	for (int i = 0; i < allowed; i++)
		ok(url_allowed(guard, allowed_urls[i], &agree) && agree, "allowed: %s", allowed_urls[i]);
	printf("# %d refused, %d allowed\n", refused, allowed);
	wf_netguard_free(guard);
}

/* A URL as the target of a gateway's request: the host's text alone decides. */
static bool
target_allowed(const WfNetguard *guard, const char *text)
{
	WfUrl		url;

	wf_arena_reset(arena);
	return wf_url_parse(arena, slice(text), NULL, &url) == WF_OK && !url.has_credentials &&
		wf_netguard_check_target(guard, url.host, url.port) == WF_NETGUARD_ALLOWED;
}

/* The table once more, with networks listed that must open no target. */
static void
test_targets(void)
{
	static const char *const local_names[] = {
		"http://localhost/", "http://localhost./", "http://LOCALHOST/", "http://a.localhost/",
		"http://metadata.google.internal/", "http://printer.local/", "http://intranet/",
		"http://router.home.arpa/", "http://db.corp./", "http://%6cocalhost/",
	};
	WfNetguard *guard = guard_of("0.0.0.0/0,::/0", "80,443", "", "denied.example.org");
	int			refused = sizeof(refused_urls) / sizeof(refused_urls[0]);
	int			allowed = sizeof(allowed_urls) / sizeof(allowed_urls[0]);
	int			names = sizeof(local_names) / sizeof(local_names[0]);

	for (int i = 0; i < refused; i++)
		ok(!target_allowed(guard, refused_urls[i]), "target refused: row %d", i);
	for (int i = 0; i < names; i++)
		ok(!target_allowed(guard, local_names[i]), "target refused: %s", local_names[i]);
	for (int i = 0; i < allowed; i++)
		ok(target_allowed(guard, allowed_urls[i]), "target allowed: %s", allowed_urls[i]);

	ok(wf_netguard_check_target(guard, slice("example.org"), 8080) == WF_NETGUARD_PORT,
	   "target's port must be listed");
	ok(wf_netguard_check_target(guard, slice("10.1.2.3"), 80) == WF_NETGUARD_ADDRESS,
	   "a listed network opens no target");
	ok(wf_netguard_check_target(guard, slice("Denied.example.org."), 80) == WF_NETGUARD_HOST,
	   "denied hosts are no targets");
	ok(wf_netguard_check_target(guard, slice(""), 80) == WF_NETGUARD_ADDRESS, "nor is nothing");
	wf_netguard_free(guard);
}

/* Listed networks open what is in them, with any port, and nothing else. */
static void
test_networks(void)
{
	WfNetguard *guard = guard_of("10.1.0.0/16, 127.0.0.1, fd00:1::/32,::1/128", "80,443", "", "");

	ok(wf_netguard_allows_text(guard, "10.1.2.3", 80), "inside, usual port");
	ok(wf_netguard_allows_text(guard, "10.1.255.255", 8080), "inside, any port");
	ok(!wf_netguard_allows_text(guard, "10.2.0.0", 80), "behind the end");
	ok(!wf_netguard_allows_text(guard, "10.0.255.255", 80), "before the start");
	ok(wf_netguard_allows_text(guard, "127.0.0.1", 5432), "a single address");
	ok(!wf_netguard_allows_text(guard, "127.0.0.2", 80), "its neighbour");
	ok(wf_netguard_allows_text(guard, "::ffff:10.1.0.1", 80), "mapped form of an address inside");
	ok(!wf_netguard_allows_text(guard, "::ffff:10.2.0.1", 80), "mapped form of one outside");
	ok(!wf_netguard_allows_text(guard, "64:ff9b::10.1.0.1", 80), "NAT64 form is not inside");
	ok(wf_netguard_allows_text(guard, "fd00:1:ffff::1", 81), "IPv6 inside");
	ok(!wf_netguard_allows_text(guard, "fd00:2::1", 80), "IPv6 outside");
	ok(wf_netguard_allows_text(guard, "::1", 1), "IPv6 loopback");
	ok(wf_netguard_allows_text(guard, "8.8.8.8", 443), "public addresses stay allowed");
	ok(!wf_netguard_allows_text(guard, "8.8.8.8", 8080), "with listed ports only");
	ok(!wf_netguard_allows_text(guard, "localhost", 80), "a name is no address");
	ok(!wf_netguard_allows_text(guard, "", 80), "nothing is no address");
	ok(wf_netguard_check_host(guard, slice("localhost"), 80) == WF_NETGUARD_ALLOWED,
	   "a local name may lead inside: its address decides");
	ok(wf_netguard_check_host(guard, slice("10.2.0.1"), 80) == WF_NETGUARD_ADDRESS,
	   "a literal outside is refused at once");
	wf_netguard_free(guard);

	guard = guard_of("0.0.0.0/0", "", "", "");
	ok(wf_netguard_allows_text(guard, "192.168.0.1", 1), "all of IPv4");
	ok(!wf_netguard_allows_text(guard, "fd00::1", 80), "but no IPv6");
	wf_netguard_free(guard);
}

static void
test_families(void)
{
	WfNetguard *guard = guard_of("::/0,0.0.0.0/0", "80", "", "");
	struct sockaddr other = {.sa_family = AF_UNIX};
	struct sockaddr_in v4 = {.sin_family = AF_INET};

	ok(!wf_netguard_allows_address(guard, &other, sizeof(other)), "Unix sockets are refused");
	ok(!wf_netguard_allows_address(guard, (struct sockaddr *) &v4, 4), "a short address is refused");
	ok(!wf_netguard_is_public(&other, sizeof(other)), "and not public");
	v4.sin_addr.s_addr = htonl(0x08080808);
	ok(wf_netguard_is_public((struct sockaddr *) &v4, sizeof(v4)), "8.8.8.8 is");
	wf_netguard_free(guard);
}

static void
test_hosts(void)
{
	WfNetguard *guard = guard_of("", "80", "Example.org, *.example.net", "bad.example.net,*.evil.org");

	ok(wf_netguard_check_host(guard, slice("example.org"), 80) == WF_NETGUARD_ALLOWED, "listed");
	ok(wf_netguard_check_host(guard, slice("example.org."), 80) == WF_NETGUARD_ALLOWED,
	   "with a final dot");
	ok(wf_netguard_check_host(guard, slice("www.example.org"), 80) == WF_NETGUARD_HOST,
	   "below a name listed without *");
	ok(wf_netguard_check_host(guard, slice("a.b.example.net"), 80) == WF_NETGUARD_ALLOWED,
	   "below a name listed with *");
	ok(wf_netguard_check_host(guard, slice("example.net"), 80) == WF_NETGUARD_HOST,
	   "* needs a label");
	ok(wf_netguard_check_host(guard, slice("xexample.net"), 80) == WF_NETGUARD_HOST,
	   "only whole labels match");
	ok(wf_netguard_check_host(guard, slice("bad.example.net"), 80) == WF_NETGUARD_HOST,
	   "denied wins");
	ok(wf_netguard_check_host(guard, slice("BAD.example.net."), 80) == WF_NETGUARD_HOST,
	   "in any case, with a dot");
	ok(wf_netguard_check_host(guard, slice("8.8.8.8"), 80) == WF_NETGUARD_HOST,
	   "literals are hosts too");
	wf_netguard_free(guard);

	ok(wf_netguard_host_in_domain(slice("shop.example.org"), slice("example.org")), "subdomain");
	ok(wf_netguard_host_in_domain(slice("example.org"), slice("www.example.org")), "www. does not count");
	ok(wf_netguard_host_in_domain(slice("www.example.org"), slice("www.example.org")), "same host");
	ok(!wf_netguard_host_in_domain(slice("badexample.org"), slice("example.org")), "other domain");
	ok(!wf_netguard_host_in_domain(slice("example.org.evil.com"), slice("example.org")), "prefix only");
}

static void
test_own_addresses(void)
{
	WfNetguard *guard = guard_of("", "80", "", "");
	WfOwnAddresses *own = wf_netguard_own_addresses();

	ok(own != NULL, "own addresses can be asked for");
	wf_netguard_refuse_own(guard, own);
	ok(wf_netguard_allows_text(guard, "8.8.8.8", 80), "others stay allowed");
	ok(!wf_netguard_allows_text(guard, "127.0.0.1", 80), "loopback stays refused");
	wf_netguard_free(guard);
	wf_netguard_own_addresses_free(own);
}

/* Every border of the registry of special networks, from RFC 6890 and later. */
static void
test_borders(void)
{
	static const struct
	{
		const char *first;
		const char *last;
	}			networks[] =
	{
		{"0.0.0.0", "0.255.255.255"}, {"10.0.0.0", "10.255.255.255"},
		{"100.64.0.0", "100.127.255.255"}, {"127.0.0.0", "127.255.255.255"},
		{"169.254.0.0", "169.254.255.255"}, {"172.16.0.0", "172.31.255.255"},
		{"192.0.0.0", "192.0.0.255"}, {"192.0.2.0", "192.0.2.255"},
		{"192.88.99.0", "192.88.99.255"}, {"192.168.0.0", "192.168.255.255"},
		{"198.18.0.0", "198.19.255.255"}, {"198.51.100.0", "198.51.100.255"},
		{"203.0.113.0", "203.0.113.255"}, {"224.0.0.0", "255.255.255.255"},
	};
	WfNetguard *guard = guard_of("", "80", "", "");

	for (size_t i = 0; i < sizeof(networks) / sizeof(networks[0]); i++)
	{
		char		text[64];
		struct in_addr last;
		struct in_addr beyond;

		snprintf(text, sizeof(text), "::ffff:%s", networks[i].first);
		ok(!wf_netguard_allows_text(guard, networks[i].first, 80) &&
		   !wf_netguard_allows_text(guard, networks[i].last, 80) &&
		   !wf_netguard_allows_text(guard, text, 80), "%s to %s", networks[i].first,
		   networks[i].last);
		inet_pton(AF_INET, networks[i].last, &last);
		if (last.s_addr == 0xffffffff)
			continue;
		beyond.s_addr = htonl(ntohl(last.s_addr) + 1);
		inet_ntop(AF_INET, &beyond, text, sizeof(text));
		ok(wf_netguard_allows_text(guard, text, 80), "%s is behind it", text);
	}
	wf_netguard_free(guard);
}

int
main(void)
{
	arena = wf_arena_create(1024 * 1024);
	test_table();
	test_targets();
	test_networks();
	test_families();
	test_hosts();
	test_own_addresses();
	test_borders();
	wf_arena_free(arena);
	return done();
}
