# wf_curation/Makefile

EXTENSION = wf_curation
MODULE_big = wf_curation
DATA = $(wildcard sql/wf_curation--*.sql)
PGFILEDESC = "wf_curation - web page curation and contact extraction"

# core/: no PostgreSQL inside.  SHARED goes into the server library and into
# the crawler; CRAWLER_ONLY never enters a server process.
CORE_SHARED = arena text url site charset html html_text verdict contact disguise \
	phone phone_label phone_list phone_local phone_markup phone_number phone_place phone_plans_data phone_resolve phone_run jsonld literal cipher vocabulary person person_agree person_far person_form person_read person_title person_words \
	profile page page_card page_column page_late page_marks page_reference page_row page_find \
	page_spread page_tag page_window finding entry outcome message suppression website category gateway_call
CORE_CRAWLER_ONLY = config netguard fetch fetch_backoff \
	fetch_end fetch_gateway fetch_hosts fetch_lookup fetch_pool fetch_robots fetch_setup fetch_slot \
	fetch_socket fetch_tls \
	discovery lastmod robots sandbox sitemap sitemap_gzip sitemap_text sitemap_xml survey

CORE_OBJS = $(CORE_SHARED:%=core/wf_%.o)
OBJS = \
	$(WIN32RES) \
	wf_attach.o \
	wf_batch.o \
	wf_business.o \
	wf_control.o \
	wf_cron.o \
	wf_curation.o \
	wf_db.o \
	wf_domain.o \
	wf_encoding.o \
	wf_erase.o \
	wf_extract.o \
	wf_gate.o \
	wf_gate_store.o \
	wf_gateway.o \
	wf_guc.o \
	wf_health.o \
	wf_health_gateway.o \
	wf_health_locks.o \
	wf_health_queue.o \
	wf_health_rights.o \
	wf_health_rows.o \
	wf_health_server.o \
	wf_health_stages.o \
	wf_health_tables.o \
	wf_identity.o \
	wf_import.o \
	wf_install.o \
	wf_launcher.o \
	wf_link.o \
	wf_part.o \
	wf_part_insert.o \
	wf_part_spec.o \
	wf_pick.o \
	wf_queue.o wf_queue_held.o wf_queue_sql.o \
	wf_rules.o \
	wf_shmem.o \
	wf_single_fetch.o \
	wf_stage.o \
	wf_stage_contacts.o \
	wf_stage_entries.o \
	wf_store.o \
	wf_store_children.o \
	wf_store_contacts.o \
	wf_store_entries.o \
	wf_store_findings.o \
	wf_store_prune.o \
	wf_store_validators.o \
	wf_suppress.o \
	wf_submit.o \
	wf_sweep.o \
	wf_sweep_business.o \
	wf_sweep_rows.o \
	wf_trigger.o \
	wf_views.o \
	wf_wish.o \
	wf_worker.o \
	wf_worker_claim.o \
	wf_worker_entries.o \
	wf_worker_flight.o \
	wf_worker_stage.o \
	wf_worker_store.o \
	$(CORE_OBJS)

WARNINGS = -Wall -Wextra -Wno-unused-parameter -Wno-missing-field-initializers \
	-Wmissing-prototypes -Werror
PG_CPPFLAGS = -I$(srcdir) $(WARNINGS)
SHLIB_LINK = -lidn2 -lpsl

REGRESS = install guc trigger trigger_stages attach business category submit import \
	extract control privileges acl health suppression toolbox
REGRESS_OPTS = --inputdir=$(srcdir)/test --encoding=UTF8
ISOLATION = claim_race archive_processing batch_race domain_race erase_race
ISOLATION_OPTS = --inputdir=$(srcdir)/test --outputdir=. --load-extension=wf_curation
TAP_TESTS = 1
PROVE_TESTS = test/t/*.pl

EXTRA_CLEAN = wf_crawler wf_crawler_faults wf_crawler_asan build

PG_CONFIG ?= pg_config
PGXS := $(shell $(PG_CONFIG) --pgxs)
include $(PGXS)

$(OBJS): $(wildcard *.h core/*.h)

# What examines pages is where the time goes: four per cent fewer instructions.
CORE_CFLAGS = -O3 -fvisibility=hidden
$(CORE_OBJS): CFLAGS += $(CORE_CFLAGS)

# The crawler: a plain program, compiled from core/ and one file, without any
# PostgreSQL header.  It is installed beside the server's own programs.
CRAWLER_SRCS = $(srcdir)/wf_crawler.c \
	$(CORE_SHARED:%=$(srcdir)/core/wf_%.c) $(CORE_CRAWLER_ONLY:%=$(srcdir)/core/wf_%.c)
CRAWLER_CFLAGS = -std=gnu99 -g $(CORE_CFLAGS) $(WARNINGS) -Wdeclaration-after-statement \
	-fstack-protector-strong -D_FORTIFY_SOURCE=2 -fPIE -I$(srcdir) \
	$(shell pkg-config --cflags libcurl libssl libseccomp)
CRAWLER_LIBS = $(shell pkg-config --libs libcurl libssl libcrypto) -lidn2 -lpsl -lexpat -lz -lseccomp -lpthread

all: wf_crawler

wf_crawler: $(CRAWLER_SRCS) $(wildcard $(srcdir)/core/*.h)
	$(CC) $(CRAWLER_CFLAGS) -pie -Wl,-z,relro,-z,now -o $@ $(CRAWLER_SRCS) $(CRAWLER_LIBS)

# For the tests: the same crawler with faults that certain URLs set off.
wf_crawler_faults: $(CRAWLER_SRCS) $(wildcard $(srcdir)/core/*.h)
	$(CC) $(CRAWLER_CFLAGS) -DWF_FAULTS -pie -o $@ $(CRAWLER_SRCS) $(CRAWLER_LIBS)

# Under AddressSanitizer and UBSan, without the sandbox.
wf_crawler_asan: $(CRAWLER_SRCS) $(wildcard $(srcdir)/core/*.h)
	$(CC) -std=gnu99 -O1 -g $(WARNINGS) -Wno-nonnull -fsanitize=address,undefined -fno-omit-frame-pointer \
		-I$(srcdir) -o $@ $(CRAWLER_SRCS) $(CRAWLER_LIBS)

# The crawler against servers that misbehave; needs no database.
.PHONY: check-crawler
check-crawler: wf_crawler wf_crawler_asan
	python3 $(srcdir)/test/crawler/run.py ./wf_crawler
	python3 $(srcdir)/test/crawler/run.py ./wf_crawler_asan

install: install-crawler
uninstall: uninstall-crawler

.PHONY: install-crawler uninstall-crawler
install-crawler: wf_crawler
	$(MKDIR_P) '$(DESTDIR)$(bindir)'
	$(INSTALL_PROGRAM) wf_crawler '$(DESTDIR)$(bindir)/wf_crawler'

uninstall-crawler:
	rm -f '$(DESTDIR)$(bindir)/wf_crawler'

-include $(srcdir)/test/unit/unit.mk
