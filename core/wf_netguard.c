/*-------------------------------------------------------------------------
 *
 * wf_netguard.c
 *	  Which hosts, addresses and ports the crawler may talk to.
 *
 * Addresses are kept as 16 bytes in IPv6 form, IPv4 as ::ffff:a.b.c.d, so
 * that one comparison serves both families and a mapped address cannot be
 * told from the IPv4 address it means.
 *
 *-------------------------------------------------------------------------
 */
#include <arpa/inet.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "wf_netguard.h"
#include "wf_text.h"
#include "wf_url.h"

#define MAX_LIST_ITEMS	1024
#define MAX_OWN			256

typedef struct Address
{
	unsigned char b[16];
} Address;

typedef struct Network
{
	Address		base;
	int			bits;			/* of the 128 */
} Network;

struct WfOwnAddresses
{
	int			count;
	Address		items[MAX_OWN];
};

struct WfNetguard
{
	Network    *networks;
	int			network_count;
	int		   *ports;
	int			port_count;
	char	   *allowed_hosts;	/* copies of the lists, lower case */
	char	   *denied_hosts;
	const WfOwnAddresses *own;
};

static const unsigned char mapped_prefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
static const unsigned char nat64_prefix[12] = {0, 0x64, 0xff, 0x9b};

/*
 * IPv4 that is not global unicast: IANA's special-purpose registry, multicast
 * and reserved space, and the one public address that serves as a cloud's
 * private control channel.
 */
static const struct
{
	uint32_t	base;
	int			bits;
}			special_v4[] =
{
	{0x00000000, 8},			/* 0/8 this network */
	{0x0a000000, 8},			/* 10/8 private */
	{0x64400000, 10},			/* 100.64/10 shared, carrier NAT */
	{0x7f000000, 8},			/* 127/8 loopback */
	{0xa83f8110, 32},			/* 168.63.129.16 Azure platform */
	{0xa9fe0000, 16},			/* 169.254/16 link local, metadata services */
	{0xac100000, 12},			/* 172.16/12 private */
	{0xc0000000, 24},			/* 192.0.0/24 protocol assignments */
	{0xc0000200, 24},			/* 192.0.2/24 documentation */
	{0xc0586300, 24},			/* 192.88.99/24 6to4 relays */
	{0xc0a80000, 16},			/* 192.168/16 private */
	{0xc6120000, 15},			/* 198.18/15 benchmarks */
	{0xc6336400, 24},			/* 198.51.100/24 documentation */
	{0xcb007100, 24},			/* 203.0.113/24 documentation */
	{0xe0000000, 4},			/* 224/4 multicast */
	{0xf0000000, 4},			/* 240/4 reserved, broadcast */
};

/* IPv6 inside 2000::/3 that is not global unicast. */
static const struct
{
	unsigned char base[16];
	int			bits;
}			special_v6[] =
{
	{{0x20, 0x01, 0x00, 0x00}, 23}, /* protocol assignments, Teredo, ORCHID, benchmarks */
	{{0x20, 0x01, 0x0d, 0xb8}, 32}, /* documentation */
	{{0x20, 0x02}, 16},			/* 6to4: would reach any IPv4 address */
	{{0x3f, 0xfe}, 16},			/* former 6bone */
	{{0x3f, 0xff, 0x00}, 20},	/* documentation */
};

static bool
prefix_equal(const unsigned char *a, const unsigned char *b, int bits)
{
	int			bytes = bits / 8;
	int			rest = bits % 8;

	if (memcmp(a, b, bytes) != 0)
		return false;
	return rest == 0 || ((a[bytes] ^ b[bytes]) & (0xff << (8 - rest)) & 0xff) == 0;
}

static bool
is_v4(const Address *address)
{
	return memcmp(address->b, mapped_prefix, sizeof(mapped_prefix)) == 0;
}

static uint32_t
last_32_bits(const Address *address)
{
	return (uint32_t) address->b[12] << 24 | (uint32_t) address->b[13] << 16 |
		(uint32_t) address->b[14] << 8 | address->b[15];
}

static void
address_from_v4(Address *out, uint32_t v4)
{
	memcpy(out->b, mapped_prefix, sizeof(mapped_prefix));
	out->b[12] = v4 >> 24;
	out->b[13] = v4 >> 16;
	out->b[14] = v4 >> 8;
	out->b[15] = v4;
}

static bool
address_from_sockaddr(Address *out, int *port, const struct sockaddr *sa, socklen_t len)
{
	if (sa->sa_family == AF_INET && len >= sizeof(struct sockaddr_in))
	{
		const struct sockaddr_in *in = (const struct sockaddr_in *) sa;

		address_from_v4(out, ntohl(in->sin_addr.s_addr));
		*port = ntohs(in->sin_port);
		return true;
	}
	if (sa->sa_family == AF_INET6 && len >= sizeof(struct sockaddr_in6))
	{
		const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *) sa;

		memcpy(out->b, &in6->sin6_addr, 16);
		*port = ntohs(in6->sin6_port);
		return true;
	}
	return false;
}

/* Strict forms only: four decimal numbers, or IPv6 as RFC 4291 writes it. */
static bool
address_from_text(Address *out, const char *text)
{
	struct in_addr v4;

	if (inet_pton(AF_INET, text, &v4) == 1)
	{
		address_from_v4(out, ntohl(v4.s_addr));
		return true;
	}
	return inet_pton(AF_INET6, text, out->b) == 1;
}

static bool
v4_is_public(uint32_t v4)
{
	for (size_t i = 0; i < sizeof(special_v4) / sizeof(special_v4[0]); i++)
	{
		uint32_t	mask = 0xffffffffu << (32 - special_v4[i].bits);

		if ((v4 & mask) == special_v4[i].base)
			return false;
	}
	return true;
}

static bool
address_is_public(const Address *address)
{
	if (is_v4(address))
		return v4_is_public(last_32_bits(address));
	/* NAT64 (RFC 6052): the way to IPv4 where there is only IPv6 */
	if (memcmp(address->b, nat64_prefix, sizeof(nat64_prefix)) == 0)
		return v4_is_public(last_32_bits(address));
	if ((address->b[0] & 0xe0) != 0x20)
		return false;
	for (size_t i = 0; i < sizeof(special_v6) / sizeof(special_v6[0]); i++)
	{
		if (prefix_equal(address->b, special_v6[i].base, special_v6[i].bits))
			return false;
	}
	return true;
}

/*
 * Next item of a comma-separated list, blanks around it removed; false at the
 * end.  Empty items are skipped.
 */
static bool
next_item(const char **list, WfSlice *item)
{
	const char *p = *list;

	while (*p == ' ' || *p == '\t' || *p == ',')
		p++;
	item->data = p;
	while (*p != '\0' && *p != ',')
		p++;
	*list = p;
	item->len = p - item->data;
	while (item->len > 0 &&
		   (item->data[item->len - 1] == ' ' || item->data[item->len - 1] == '\t'))
		item->len--;
	return item->len > 0;
}

static int
count_items(const char *list)
{
	WfSlice		item;
	int			count = 0;

	while (next_item(&list, &item))
		count++;
	return count;
}

static bool
parse_number(WfSlice text, int max, int *value)
{
	int			n = 0;

	if (text.len == 0 || text.len > 5)
		return false;
	for (size_t i = 0; i < text.len; i++)
	{
		if (text.data[i] < '0' || text.data[i] > '9')
			return false;
		n = n * 10 + (text.data[i] - '0');
	}
	*value = n;
	return n <= max;
}

/* "10.0.0.0/8", "::1/128", or an address alone. */
static bool
parse_network(WfSlice text, Network *out)
{
	char		address[INET6_ADDRSTRLEN + 1];
	const char *slash = memchr(text.data, '/', text.len);
	size_t		address_len = slash ? (size_t) (slash - text.data) : text.len;
	int			max;

	if (address_len >= sizeof(address))
		return false;
	memcpy(address, text.data, address_len);
	address[address_len] = '\0';
	if (!address_from_text(&out->base, address))
		return false;

	max = strchr(address, ':') ? 128 : 32;
	out->bits = max;
	if (slash && !parse_number((WfSlice) {slash + 1, text.data + text.len - slash - 1},
							   max, &out->bits))
		return false;
	if (max == 32)
		out->bits += 96;
	return true;
}

bool
wf_netguard_networks_valid(const char *list)
{
	WfSlice		item;
	Network		network;

	if (count_items(list) > MAX_LIST_ITEMS)
		return false;
	while (next_item(&list, &item))
	{
		if (!parse_network(item, &network))
			return false;
	}
	return true;
}

bool
wf_netguard_ports_valid(const char *list)
{
	WfSlice		item;
	int			port;

	if (count_items(list) > MAX_LIST_ITEMS)
		return false;
	while (next_item(&list, &item))
	{
		if (!parse_number(item, 65535, &port) || port == 0)
			return false;
	}
	return true;
}

bool
wf_netguard_hosts_valid(const char *list)
{
	WfSlice		item;

	if (count_items(list) > MAX_LIST_ITEMS)
		return false;
	while (next_item(&list, &item))
	{
		size_t		i = 0;

		if (item.len > 2 && item.data[0] == '*' && item.data[1] == '.')
			i = 2;
		if (item.len > WF_MAX_HOST)
			return false;
		for (; i < item.len; i++)
		{
			unsigned char c = item.data[i];

			if (c <= ' ' || c >= 0x7f || strchr("*/@\"'\\", c) != NULL)
				return false;
		}
	}
	return true;
}

static char *
copy_lower(const char *text)
{
	char	   *copy = strdup(text);

	for (char *p = copy; p && *p; p++)
	{
		if (*p >= 'A' && *p <= 'Z')
			*p += 'a' - 'A';
	}
	return copy;
}

static void
load_lists(WfNetguard *guard, const WfNetguardLists *lists)
{
	const char *p = lists->allowed_networks;
	WfSlice		item;

	while (next_item(&p, &item))
		(void) parse_network(item, &guard->networks[guard->network_count++]);
	p = lists->allowed_ports;
	while (next_item(&p, &item))
		(void) parse_number(item, 65535, &guard->ports[guard->port_count++]);
}

WfNetguard *
wf_netguard_create(const WfNetguardLists *lists)
{
	WfNetguard *guard;

	if (!wf_netguard_networks_valid(lists->allowed_networks) ||
		!wf_netguard_ports_valid(lists->allowed_ports) ||
		!wf_netguard_hosts_valid(lists->allowed_hosts) ||
		!wf_netguard_hosts_valid(lists->denied_hosts))
		return NULL;

	guard = calloc(1, sizeof(*guard));
	if (guard == NULL)
		return NULL;
	guard->networks = calloc(count_items(lists->allowed_networks) + 1, sizeof(Network));
	guard->ports = calloc(count_items(lists->allowed_ports) + 1, sizeof(int));
	guard->allowed_hosts = copy_lower(lists->allowed_hosts);
	guard->denied_hosts = copy_lower(lists->denied_hosts);
	if (!guard->networks || !guard->ports || !guard->allowed_hosts || !guard->denied_hosts)
	{
		wf_netguard_free(guard);
		return NULL;
	}
	load_lists(guard, lists);
	return guard;
}

void
wf_netguard_free(WfNetguard *guard)
{
	if (guard == NULL)
		return;
	free(guard->networks);
	free(guard->ports);
	free(guard->allowed_hosts);
	free(guard->denied_hosts);
	free(guard);
}

static bool
port_listed(const WfNetguard *guard, int port)
{
	for (int i = 0; i < guard->port_count; i++)
	{
		if (guard->ports[i] == port)
			return true;
	}
	return false;
}

static bool
in_allowed_network(const WfNetguard *guard, const Address *address)
{
	for (int i = 0; i < guard->network_count; i++)
	{
		if (prefix_equal(address->b, guard->networks[i].base.b, guard->networks[i].bits))
			return true;
	}
	return false;
}

static bool
is_own(const WfNetguard *guard, const Address *address)
{
	for (int i = 0; guard->own && i < guard->own->count; i++)
	{
		if (memcmp(address->b, guard->own->items[i].b, 16) == 0)
			return true;
	}
	return false;
}

/* Whether the address is acceptable, its port aside; *any_port on request. */
static bool
allows(const WfNetguard *guard, const Address *address, bool *any_port)
{
	*any_port = in_allowed_network(guard, address);
	return *any_port || (address_is_public(address) && !is_own(guard, address));
}

bool
wf_netguard_allows_address(const WfNetguard *guard, const struct sockaddr *sa, socklen_t len)
{
	Address		address;
	int			port;
	bool		any_port;

	if (!address_from_sockaddr(&address, &port, sa, len))
		return false;
	return allows(guard, &address, &any_port) && (any_port || port_listed(guard, port));
}

bool
wf_netguard_allows_text(const WfNetguard *guard, const char *text, int port)
{
	Address		address;
	bool		any_port;

	if (!address_from_text(&address, text))
		return false;
	return allows(guard, &address, &any_port) && (any_port || port_listed(guard, port));
}

bool
wf_netguard_is_public(const struct sockaddr *sa, socklen_t len)
{
	Address		address;
	int			port;

	return address_from_sockaddr(&address, &port, sa, len) && address_is_public(&address);
}

static bool
host_listed(const char *list, WfSlice host)
{
	WfSlice		item;

	while (next_item(&list, &item))
	{
		if (item.len > 2 && item.data[0] == '*' && item.data[1] == '.')
		{
			item.data += 2;
			item.len -= 2;
			if (host.len > item.len && wf_url_host_in_domain(host, item))
				return true;
		}
		else if (wf_text_equal_nocase(host, item))
			return true;
	}
	return false;
}

/* Names that have no meaning outside one machine or one network. */
static bool
is_local_name(WfSlice host)
{
	static const char *const suffixes[] = {
		"localhost", "local", "internal", "intranet", "lan", "home", "corp",
		"localdomain", "home.arpa", "private"
	};

	if (memchr(host.data, '.', host.len) == NULL)
		return true;
	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++)
	{
		if (wf_url_host_in_domain(host, (WfSlice) {suffixes[i], strlen(suffixes[i])}))
			return true;
	}
	return false;
}

/* A numeric host in any spelling that a C library might accept. */
static bool
literal_address(WfSlice host, Address *address)
{
	char		text[WF_MAX_HOST + 1];
	struct in_addr loose;

	if (host.len > 2 && host.data[0] == '[' && host.data[host.len - 1] == ']')
	{
		host.data++;
		host.len -= 2;
	}
	if (host.len == 0 || host.len >= sizeof(text))
		return false;
	memcpy(text, host.data, host.len);
	text[host.len] = '\0';
	if (address_from_text(address, text))
		return true;
	if (inet_aton(text, &loose))
	{
		address_from_v4(address, ntohl(loose.s_addr));
		return true;
	}
	/* with a zone, or malformed: never a name */
	if (memchr(text, ':', host.len) != NULL)
	{
		memset(address, 0, sizeof(*address));
		return true;
	}
	return false;
}

/* By length and the lists of hosts; a final dot is taken off the host. */
static WfNetguardVerdict
check_lists(const WfNetguard *guard, WfSlice *host)
{
	if (host->len == 0 || host->len > WF_MAX_HOST + 2)
		return WF_NETGUARD_ADDRESS;
	if (host->data[host->len - 1] == '.')
		host->len--;
	if (host_listed(guard->denied_hosts, *host))
		return WF_NETGUARD_HOST;
	if (count_items(guard->allowed_hosts) > 0 && !host_listed(guard->allowed_hosts, *host))
		return WF_NETGUARD_HOST;
	return WF_NETGUARD_ALLOWED;
}

WfNetguardVerdict
wf_netguard_check_host(const WfNetguard *guard, WfSlice host, int port)
{
	Address		address;
	bool		any_port;
	WfNetguardVerdict verdict = check_lists(guard, &host);

	if (verdict != WF_NETGUARD_ALLOWED)
		return verdict;
	if (literal_address(host, &address))
	{
		if (!allows(guard, &address, &any_port))
			return WF_NETGUARD_ADDRESS;
		return any_port || port_listed(guard, port) ? WF_NETGUARD_ALLOWED : WF_NETGUARD_PORT;
	}
	/* a name may lead into a listed network: then the address decides */
	if (guard->network_count > 0)
		return WF_NETGUARD_ALLOWED;
	if (is_local_name(host))
		return WF_NETGUARD_ADDRESS;
	return port_listed(guard, port) ? WF_NETGUARD_ALLOWED : WF_NETGUARD_PORT;
}

WfNetguardVerdict
wf_netguard_check_target(const WfNetguard *guard, WfSlice host, int port)
{
	Address		address;
	WfNetguardVerdict verdict = check_lists(guard, &host);

	if (verdict != WF_NETGUARD_ALLOWED)
		return verdict;
	if (literal_address(host, &address))
	{
		if (!address_is_public(&address) || is_own(guard, &address))
			return WF_NETGUARD_ADDRESS;
	}
	else if (is_local_name(host))
		return WF_NETGUARD_ADDRESS;
	return port_listed(guard, port) ? WF_NETGUARD_ALLOWED : WF_NETGUARD_PORT;
}

bool
wf_netguard_host_in_domain(WfSlice host, WfSlice domain)
{
	if (wf_text_starts_nocase(domain, WF_SLICE("www.")))
		domain = (WfSlice) {domain.data + 4, domain.len - 4};
	return wf_url_host_in_domain(host, domain);
}

WfOwnAddresses *
wf_netguard_own_addresses(void)
{
	WfOwnAddresses *own = calloc(1, sizeof(*own));
	struct ifaddrs *list;
	int			port;

	if (own == NULL || getifaddrs(&list) != 0)
		return own;
	for (struct ifaddrs *i = list; i && own->count < MAX_OWN; i = i->ifa_next)
	{
		socklen_t	len;

		if (i->ifa_addr == NULL)
			continue;
		len = i->ifa_addr->sa_family == AF_INET ? sizeof(struct sockaddr_in) :
			sizeof(struct sockaddr_in6);
		if (address_from_sockaddr(&own->items[own->count], &port, i->ifa_addr, len))
			own->count++;
	}
	freeifaddrs(list);
	return own;
}

void
wf_netguard_own_addresses_free(WfOwnAddresses *own)
{
	free(own);
}

void
wf_netguard_refuse_own(WfNetguard *guard, const WfOwnAddresses *own)
{
	guard->own = own;
}
