# test/unit/unit.mk: tests of core/ without a server; part of the Makefile, and
# usable alone: make -f test/unit/unit.mk unit
#
#   make unit           build and run every test/unit/test_*.c
#   make unit-NAME      build and run test/unit/test_NAME.c

srcdir ?= .
UNIT_BUILD = build/unit
UNIT_CORE = $(wildcard $(srcdir)/core/wf_*.c)
UNIT_OBJS = $(UNIT_CORE:$(srcdir)/core/%.c=$(UNIT_BUILD)/%.o)
UNIT_TESTS = $(patsubst $(srcdir)/test/unit/test_%.c,%,$(wildcard $(srcdir)/test/unit/test_*.c))
UNIT_PACKAGES = $(if $(wildcard $(srcdir)/core/wf_fetch.c),libcurl libssl libcrypto) \
	$(if $(wildcard $(srcdir)/core/wf_sandbox.c),libseccomp)
UNIT_CFLAGS = -std=gnu99 -g -O1 -fno-omit-frame-pointer \
	-fsanitize=address,undefined -fno-sanitize-recover=all \
	-ftrivial-auto-var-init=pattern \
	-Wall -Wextra -Wno-unused-parameter -Wno-missing-field-initializers \
	-Wdeclaration-after-statement -Werror -I$(srcdir) \
	$(shell pkg-config --cflags $(UNIT_PACKAGES))
UNIT_LIBS = -lidn2 -lpsl -lexpat -lz -lpthread $(shell pkg-config --libs $(UNIT_PACKAGES))

.PHONY: unit unit-urls unit-phones unit-emails unit-structured unit-names unit-sitemaps
unit: $(UNIT_TESTS:%=unit-%) unit-urls unit-phones unit-emails unit-structured unit-names unit-sitemaps unit-work

$(UNIT_BUILD)/%.o: $(srcdir)/core/%.c $(wildcard $(srcdir)/core/*.h)
	@mkdir -p $(UNIT_BUILD)
	$(CC) $(UNIT_CFLAGS) -Wmissing-prototypes -c -o $@ $<

$(UNIT_BUILD)/libcore.a: $(UNIT_OBJS)
	rm -f $@
	ar rc $@ $^

$(UNIT_BUILD)/%: $(srcdir)/test/unit/%.c $(srcdir)/test/unit/unit.h $(UNIT_BUILD)/libcore.a
	$(CC) $(UNIT_CFLAGS) -o $@ $< $(UNIT_BUILD)/libcore.a $(UNIT_LIBS)

# Only failures and the count are shown; all of it is in the .tap file.
unit-%: $(UNIT_BUILD)/test_%
	@if $< > $<.tap 2>&1; then \
		echo "$*: `grep -c '^ok' $<.tap` checks passed"; \
	else \
		echo "$*: FAILED"; grep -v '^ok' $<.tap; exit 1; \
	fi

# Against public test data, where those are at hand.
unit-urls: $(UNIT_BUILD)/url_lines
	python3 $(srcdir)/test/unit/check_urls.py $<

unit-phones: $(UNIT_BUILD)/phone_lines
	python3 $(srcdir)/test/unit/check_phones.py $<

unit-emails: $(UNIT_BUILD)/email_lines
	python3 $(srcdir)/test/unit/check_emails.py $<

unit-structured: $(UNIT_BUILD)/extract_corpus
	python3 $(srcdir)/test/unit/check_structured.py $<

unit-names: $(UNIT_BUILD)/extract_corpus
	python3 $(srcdir)/test/unit/check_names.py $<

unit-sitemaps: $(UNIT_BUILD)/sitemap_lines
	python3 $(srcdir)/test/unit/check_sitemaps.py $<

# Work in proportion to the input: see work.c.  Without the network's files.
WORK_CORE = $(filter-out %/wf_netguard.c %/wf_sandbox.c %/wf_config.c %/wf_survey.c \
	$(wildcard $(srcdir)/core/wf_fetch*.c),$(UNIT_CORE))
WORK_OBJS = $(WORK_CORE:$(srcdir)/core/%.c=$(UNIT_BUILD)/work/%.o)
WORK_WRAPPED = memchr memmem memcpy memmove memset

$(UNIT_BUILD)/work/%.o: $(srcdir)/core/%.c $(wildcard $(srcdir)/core/*.h)
	@mkdir -p $(UNIT_BUILD)/work
	$(CC) -std=gnu99 -O1 -fsanitize-coverage=trace-pc $(WORK_WRAPPED:%=-fno-builtin-%) -I$(srcdir) -c -o $@ $<

$(UNIT_BUILD)/test_work: $(srcdir)/test/unit/work.c $(srcdir)/test/unit/unit.h $(WORK_OBJS)
	$(CC) -std=gnu99 -O1 -Wall -I$(srcdir) $(WORK_WRAPPED:%=-Wl,--wrap=%) -o $@ $< $(WORK_OBJS) $(UNIT_LIBS)

.PRECIOUS: $(UNIT_BUILD)/work/%.o $(UNIT_BUILD)/%.o $(UNIT_BUILD)/test_% $(UNIT_BUILD)/url_lines \
	$(UNIT_BUILD)/phone_lines $(UNIT_BUILD)/email_lines $(UNIT_BUILD)/sitemap_lines

include $(srcdir)/test/fuzz/fuzz.mk
