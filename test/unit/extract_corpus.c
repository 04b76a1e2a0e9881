/*-------------------------------------------------------------------------
 *
 * extract_corpus.c
 *	  Extract the contacts of HTML files: one JSON line a file on stdout, the
 *	  speed on stderr.
 *
 *	  extract_corpus [-r repetitions] [-v] FILE...
 *
 * -v prints the findings as text instead.
 *
 *-------------------------------------------------------------------------
 */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../../core/wf_page.h"

#define ARENA_LIMIT ((size_t) 256 * 1024 * 1024)

static bool
read_file(const char *path, WfSlice *out)
{
	FILE	   *file = fopen(path, "rb");
	long		len;
	char	   *data;

	if (file == NULL || fseek(file, 0, SEEK_END) != 0 || (len = ftell(file)) < 0)
		return false;
	rewind(file);
	data = malloc(len + 1);
	if (data == NULL || fread(data, 1, len, file) != (size_t) len)
		return false;
	fclose(file);
	out->data = data;
	out->len = len;
	return true;
}

static double
now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

/* Values hold no character that JSON would escape but these. */
static void
print_string(WfSlice text)
{
	size_t		i;

	putchar('"');
	for (i = 0; i < text.len; i++)
	{
		unsigned char c = (unsigned char) text.data[i];

		if (c == '"' || c == '\\')
			putchar('\\');
		if (c < ' ')
			printf("\\u%04x", c);
		else
			putchar(c);
	}
	putchar('"');
}

static void
print_list(const char *name, const WfFindings *findings, WfFindingKind kind,
		   WfFindingKind other)
{
	const char *separator = "";
	int			i;

	printf("\"%s\": [", name);
	for (i = 0; i < findings->count; i++)
	{
		if (findings->items[i].kind != kind && findings->items[i].kind != other)
			continue;
		fputs(separator, stdout);
		print_string(findings->items[i].value);
		separator = ", ";
	}
	putchar(']');
}

/* What is known of the owner of each address: {"address": "name", …} */
static void
print_owners(const char *name, const WfFindings *findings, size_t field)
{
	const char *separator = "";
	int			i;

	printf("\"%s\": {", name);
	for (i = 0; i < findings->count; i++)
	{
		const WfFinding *f = &findings->items[i];
		const WfSlice *value = (const WfSlice *) ((const char *) f + field);

		if (f->kind != WF_KIND_EMAIL || value->len == 0)
			continue;
		fputs(separator, stdout);
		print_string(f->value);
		printf(": ");
		print_string(*value);
		separator = ", ";
	}
	putchar('}');
}

static void
print_verbose(const WfFindings *findings)
{
	int			i;

	printf("title: %.*s\n", (int) findings->title.len, findings->title.data);
	for (i = 0; i < findings->count; i++)
	{
		const WfFinding *f = &findings->items[i];

		printf("%u %s %s %.*s | %.*s | %.*s | %.*s | %.*s | %.*s\n", f->position,
			   wf_finding_kind_name(f->kind), wf_finding_source_name(f->source),
			   (int) f->value.len, f->value.data, (int) f->raw.len, f->raw.data,
			   (int) f->context.len, f->context.data, (int) f->name.len, f->name.data,
			   (int) f->job_title.len, f->job_title.data, (int) f->phone.len, f->phone.data);
	}
}

/* The URL of a page that is named after its site: "source__HOST.html". */
static WfSlice
make_url(const char *path, char url[300])
{
	const char *mark = strstr(path, "__");
	const char *next;
	size_t		len;

	while (mark != NULL && (next = strstr(mark + 2, "__")) != NULL)
		mark = next;
	if (mark == NULL || strchr(mark, '/') != NULL || strlen(mark) > 200 ||
		strcmp(mark + strlen(mark) - 5, ".html") != 0)
		return (WfSlice) {NULL, 0};
	len = snprintf(url, 300, "https://%.200s", mark + 2);
	return (WfSlice) {url, len - 5};
}

int
main(int argc, char **argv)
{
	WfExtractor *extractor = wf_extractor_create();
	WfArena    *arena = wf_arena_create(ARENA_LIMIT);
	int			repetitions = 1;
	bool		verbose = false;
	double		bytes = 0;
	double		seconds = 0;
	int			option;

	while ((option = getopt(argc, argv, "r:v")) != -1)
	{
		if (option == 'r')
			repetitions = atoi(optarg);
		else if (option == 'v')
			verbose = true;
		else
			return 2;
	}
	if (extractor == NULL || arena == NULL)
		return 1;
	for (; optind < argc; optind++)
	{
		const char *name = strrchr(argv[optind], '/');
		WfPageInput in = {{NULL, 0}};
		WfFindings	findings;
		char		url[300];
		double		start;
		int			i;

		if (!read_file(argv[optind], &in.body))
		{
			fprintf(stderr, "cannot read %s\n", argv[optind]);
			return 1;
		}
		in.default_region = "US";
		in.url = make_url(argv[optind], url);
		start = now();
		for (i = 0; i < repetitions; i++)
		{
			wf_arena_reset(arena);
			if (wf_page_extract(extractor, arena, &in, &findings) != WF_OK)
			{
				fprintf(stderr, "failed: %s\n", argv[optind]);
				return 1;
			}
		}
		seconds += now() - start;
		bytes += (double) in.body.len * repetitions;
		if (verbose)
			print_verbose(&findings);
		else
		{
			name = name != NULL ? name + 1 : argv[optind];
			printf("{\"file\": ");
			print_string((WfSlice) {name, strlen(name)});
			printf(", ");
			print_list("emails", &findings, WF_KIND_EMAIL, WF_KIND_EMAIL);
			printf(", ");
			print_list("phones", &findings, WF_KIND_PHONE, WF_KIND_FAX);
			printf(", ");
			print_list("faxes", &findings, WF_KIND_FAX, WF_KIND_FAX);
			printf(", ");
			print_list("addresses", &findings, WF_KIND_ADDRESS, WF_KIND_ADDRESS);
			printf(", ");
			print_owners("names", &findings, offsetof(WfFinding, name));
			printf(", ");
			print_owners("job_titles", &findings, offsetof(WfFinding, job_title));
			printf(", ");
			print_owners("own_phones", &findings, offsetof(WfFinding, phone));
			printf("}\n");
		}
		free((void *) in.body.data);
	}
	fprintf(stderr, "%.1f MB, %.1f MB/s\n", bytes / 1e6, seconds > 0 ? bytes / 1e6 / seconds : 0);
	wf_arena_free(arena);
	wf_extractor_free(extractor);
	return 0;
}
