# test/fuzz/fuzz.mk: libFuzzer harnesses; needs clang.
#
#   make fuzz-smoke [FUZZ_SECONDS=5]    each harness for so long
#   make fuzz-NAME FUZZ_SECONDS=600     one of them
#
# Seeds are in test/fuzz/corpus/NAME; what a run adds goes to build/fuzz.

FUZZ_CC ?= clang
FUZZ_SECONDS ?= 5
FUZZ_BUILD = build/fuzz
FUZZ_NAMES = $(patsubst $(srcdir)/test/fuzz/fuzz_%.c,%,$(wildcard $(srcdir)/test/fuzz/fuzz_*.c))
FUZZ_CORE = $(addprefix $(srcdir)/core/wf_,arena.c text.c charset.c html.c html_text.c verdict.c contact.c \
	disguise.c phone.c phone_label.c phone_list.c phone_local.c phone_markup.c phone_number.c phone_place.c phone_plans_data.c \
	phone_resolve.c phone_run.c jsonld.c literal.c \
	cipher.c vocabulary.c person.c person_agree.c person_far.c person_form.c person_read.c person_title.c person_words.c profile.c page.c page_card.c page_column.c page_late.c page_marks.c page_reference.c page_row.c page_find.c page_spread.c page_tag.c page_window.c \
	finding.c entry.c outcome.c url.c site.c \
	message.c suppression.c robots.c lastmod.c sitemap.c sitemap_gzip.c sitemap_text.c sitemap_xml.c website.c category.c)
FUZZ_CFLAGS = -std=gnu99 -g -O1 -fno-omit-frame-pointer \
	-fsanitize=address,undefined -fno-sanitize-recover=all \
	-ftrivial-auto-var-init=pattern -I$(srcdir) \
	-DWF_PAGE_WINDOW=1024
FUZZ_OBJS = $(FUZZ_CORE:$(srcdir)/core/%.c=$(FUZZ_BUILD)/core/%.o)

.PHONY: fuzz-smoke
fuzz-smoke: $(FUZZ_NAMES:%=fuzz-%)

$(FUZZ_BUILD)/core/%.o: $(srcdir)/core/%.c $(wildcard $(srcdir)/core/*.h)
	@mkdir -p $(@D)
	$(FUZZ_CC) $(FUZZ_CFLAGS) -fsanitize=fuzzer-no-link -c -o $@ $<

$(FUZZ_BUILD)/fuzz_%: $(srcdir)/test/fuzz/fuzz_%.c $(FUZZ_OBJS)
	$(FUZZ_CC) $(FUZZ_CFLAGS) -fsanitize=fuzzer -o $@ $< $(FUZZ_OBJS) -lidn2 -lpsl -lexpat -lz

fuzz-%: $(FUZZ_BUILD)/fuzz_%
	@mkdir -p $(FUZZ_BUILD)/corpus_$* $(srcdir)/test/fuzz/corpus/$*
	@$< -max_total_time=$(FUZZ_SECONDS) -timeout=10 -rss_limit_mb=1024 -max_len=16384 \
		-artifact_prefix=$(FUZZ_BUILD)/$*- -dict=$(srcdir)/test/fuzz/fuzz.dict \
		$(FUZZ_BUILD)/corpus_$* $(srcdir)/test/fuzz/corpus/$* > $<.log 2>&1 || \
		{ echo "fuzz $*: FAILED, see $<.log"; tail -30 $<.log; exit 1; }
	@echo "fuzz $*: `grep '^Done' $<.log`"

.PRECIOUS: $(FUZZ_BUILD)/fuzz_% $(FUZZ_BUILD)/core/%.o
