# Qasid: one non-recursive Makefile.  `make help` lists the targets.
#
# Everything built lands in .build/MODE/, so modes never mix:
#   release (default), asan (AddressSanitizer + UBSan), fuzz, coverage.

MODE  ?= release
BUILD := .build/$(MODE)
QASID := $(BUILD)/qasid

DESTDIR ?=
PREFIX  ?= /usr/local
UNITS   ?= $(PREFIX)/lib/systemd/system

LAYERS := cmd site server replies import sync client cert net proto search \
	store render markdown content config base

PACKAGES := gcc make pkg-config libssl-dev libmagic-dev libmd4c-dev \
	libyaml-dev libunistring-dev liblmdb-dev libevent-dev libseccomp-dev \
	libzstd-dev libsqlite3-dev libarchive-dev libxml2-dev uthash-dev libcmocka-dev
# What the tests and lints run on top.
TEST_PACKAGES := clang-14 clang-format-14 clang-tidy-14 libclang-rt-14-dev \
	cppcheck shellcheck mandoc curl lynx python3 openssl rsync unzip
# Servers that `make peers` compares ours with.
PEER_PACKAGES := gophernicus molly-brown

# What `make haproxy` puts in front of ours.
PROXY_PACKAGES := haproxy

# What `make deb` builds and looks at a package with.
DEB_PACKAGES := debhelper dpkg-dev lintian
DEB_TEST_PACKAGES := debootstrap iproute2

-include .build/local.mk

CSTD     := -std=c11 -D_GNU_SOURCE
WARNINGS := -Wall -Wextra -Wshadow -Wpointer-arith -Wcast-qual -Wvla \
	-Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition \
	-Wwrite-strings -Wundef -Wformat=2 -Wimplicit-fallthrough \
	-Wconversion -Wno-sign-conversion
ifdef CI
WARNINGS += -Werror
endif

HARDEN := -fPIE -fstack-protector-strong -fcf-protection \
	-fstack-clash-protection

ifeq ($(MODE),release)
CC      := gcc
OPT     := -O2 -g $(HARDEN) -D_FORTIFY_SOURCE=2
LDFLAGS += -pie -Wl,-z,relro,-z,now
else ifeq ($(MODE),asan)
CC      := gcc
OPT     := -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined \
	-fno-sanitize-recover=undefined -DQASID_SANITIZED
LDFLAGS += -fsanitize=address,undefined
else ifeq ($(MODE),fuzz)
CC      := clang-14
OPT     := -O1 -g -fno-omit-frame-pointer -fno-sanitize-recover=undefined \
	-fsanitize=fuzzer-no-link,address,undefined -DQASID_SANITIZED
LDFLAGS += -fsanitize=address,undefined
WARNINGS := -Wall -Wextra
else ifeq ($(MODE),coverage)
CC      := gcc
OPT     := -O0 -g --coverage
LDFLAGS += --coverage
else
$(error unknown MODE "$(MODE)": release, asan, fuzz or coverage)
endif

CPPFLAGS += $(CSTD) -Isrc -isystem /usr/include/libxml2 -DQASID_VERSION='"$(VERSION)"'
CFLAGS   += $(OPT) $(WARNINGS)
BANNED   := -include tests/lint/banned.h

# Each library only where its layer asks for it (DESIGN.md, "Shape").
SERVER_LIBS    := -lssl -lcrypto -llmdb -levent_core -lseccomp -lyaml \
	-lsqlite3 -lunistring -lm
# libarchive is loaded when the first archive is written (site/bundle.c), libxml2
# when an export is read (import/wxr.c).
PUBLISHER_LIBS := -lcrypto -lmagic -lmd4c -lyaml -lunistring -llmdb -lzstd \
	-lsqlite3 -lm
LDLIBS := $(sort $(SERVER_LIBS) $(PUBLISHER_LIBS))

VERSION := 0.1.0

SRCS := $(wildcard src/*/*.c)
OBJS := $(SRCS:%.c=$(BUILD)/%.o)
LIBS := $(foreach l,$(LAYERS),$(if $(wildcard src/$(l)/*.c),$(BUILD)/lib$(l).a))

UNIT_SRCS := $(wildcard tests/unit/test_*.c)
UNIT_BINS := $(UNIT_SRCS:tests/unit/%.c=$(BUILD)/unit/%)
FUZZ_SRCS := $(wildcard tests/fuzz/fuzz_*.c)
# Each fuzz target also builds as a replayer of its corpus, in any mode.
REPLAY_BINS := $(FUZZ_SRCS:tests/fuzz/fuzz_%.c=$(BUILD)/replay/%)
# C programs that the end-to-end tests run as their clients.
E2E_SRCS := $(wildcard tests/e2e/*.c)
E2E_BINS := $(E2E_SRCS:tests/e2e/%.c=$(BUILD)/e2e/%)
# The server with calls that can be made to fail, and who does it.
FAULT_BINS := $(BUILD)/faults/qasid $(BUILD)/faults/drive \
	$(BUILD)/faults/qasid-clock
FAULT_CALLS := malloc calloc realloc prctl recv send accept4 shutdown \
	event_add SSL_new SSL_accept SSL_read_ex SSL_write_ex \
	SSL_shutdown BIO_new mdb_get mdb_txn_renew
BENCH_SRCS := $(wildcard tests/bench/*.c)
BENCH_BINS := $(BENCH_SRCS:tests/bench/%.c=$(BUILD)/bench/%)

.PHONY: all run deps deps-test test asan lint fuzz soak haproxy bench bench-mirrors \
	clients peers real import-large headers \
	layers format format-check tidy cppcheck man-lint shell-lint coverage \
	install deb deb-test clean help golden-update check-parts

all: $(QASID)

help:
	@echo 'make run            install what is missing, build, publish, serve'
	@echo 'make test           unit, golden and end-to-end tests'
	@echo 'make asan           the same under ASan and UBSan'
	@echo 'make lint           formatters, linters, layers, manuals'
	@echo 'make fuzz T=name    fuzz one target for SECONDS=60 (no T: all)'
	@echo 'make soak           good and hostile clients for SECONDS=600, ASan'
	@echo 'make haproxy        three nodes behind HAProxy'
	@echo 'make bench          the figures of the README'
	@echo 'make peers          other servers serve our export'
	@echo 'make bench-mirrors  mirrors beside rsync, git and casync (root)'
	@echo 'make clients        real clients walk the site'
	@echo 'make real           the real article named by QASID_REAL_ARTICLE'
	@echo 'make import-large   an export of WordPress of 100 MB'
	@echo 'make deb            a Debian package'
	@echo 'make deb-test       the same, tried in a bare Debian 12 (root)'
	@echo 'make install clean deps headers layers coverage golden-update'

# One line a step; `make V=1` shows the commands.
ifdef V
say := @:
Q   :=
else
say := @printf '  %-5s %s\n'
Q   := @
endif

# --- building ---------------------------------------------------------------

$(BUILD)/src/%.o: src/%.c
	@mkdir -p $(@D)
	$(say) cc $<
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) $(BANNED) -MMD -MP -c -o $@ $<

define layer_rule
$$(BUILD)/lib$(1).a: $$(patsubst %.c,$$(BUILD)/%.o,$$(wildcard src/$(1)/*.c))
	@rm -f $$@
	@$$(AR) rcs $$@ $$^
endef
$(foreach l,$(LAYERS),$(eval $(call layer_rule,$(l))))

$(QASID): $(BUILD)/src/main.o $(LIBS)
	$(say) link $@
	$(Q)$(CC) $(LDFLAGS) -o $@ $< -Wl,--start-group $(LIBS) -Wl,--end-group $(LDLIBS)

$(BUILD)/unit/%: tests/unit/%.c $(LIBS)
	@mkdir -p $(@D)
	$(say) link $@
	$(Q)$(CC) $(CPPFLAGS) -Itests/unit $(CFLAGS) -MMD -MP $(LDFLAGS) -o $@ $< \
		-Wl,--start-group $(LIBS) -Wl,--end-group $(LDLIBS) -larchive -lcmocka

$(BUILD)/replay/%: tests/fuzz/fuzz_%.c tests/fuzz/replay_main.c $(LIBS)
	@mkdir -p $(@D)
	$(say) link $@
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS) -o $@ $< tests/fuzz/replay_main.c \
		-Wl,--start-group $(LIBS) -Wl,--end-group $(LDLIBS)

$(BUILD)/fuzzer/%: tests/fuzz/fuzz_%.c $(LIBS)
	@mkdir -p $(@D)
	$(say) link $@
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS) -fsanitize=fuzzer -o $@ $< \
		-Wl,--start-group $(LIBS) -Wl,--end-group $(LDLIBS)

$(BUILD)/e2e/%: tests/e2e/%.c $(LIBS)
	@mkdir -p $(@D)
	$(say) link $@
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP $(LDFLAGS) -o $@ $< \
		-Wl,--start-group $(LIBS) -Wl,--end-group $(LDLIBS)

$(BUILD)/faults/qasid: tests/faults/wrap.c tests/faults/faults.h \
	$(BUILD)/src/main.o $(LIBS)
	@mkdir -p $(@D)
	$(say) link $@
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS) $(FAULT_CALLS:%=-Wl,--wrap=%) \
		-o $@ $< $(BUILD)/src/main.o \
		-Wl,--start-group $(LIBS) -Wl,--end-group $(LDLIBS)

$(BUILD)/faults/qasid-clock: tests/faults/clock.c $(BUILD)/src/main.o $(LIBS)
	@mkdir -p $(@D)
	$(say) link $@
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS) -Wl,--wrap=time \
		-Wl,--wrap=clock_gettime -Wl,--wrap=socket -o $@ $< $(BUILD)/src/main.o \
		-Wl,--start-group $(LIBS) -Wl,--end-group $(LDLIBS)

$(BUILD)/faults/drive: tests/faults/drive.c tests/faults/faults.h \
	tests/e2e/client.h
	@mkdir -p $(@D)
	$(say) link $@
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS) -o $@ $< -lssl -lcrypto

$(BUILD)/soak/soak: tests/soak/soak.c tests/e2e/client.h
	@mkdir -p $(@D)
	$(say) link $@
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS) -o $@ $< -lssl -lcrypto

$(BUILD)/bench/%: tests/bench/%.c $(LIBS)
	@mkdir -p $(@D)
	$(say) link $@
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP $(LDFLAGS) -o $@ $< \
		-Wl,--start-group $(LIBS) -Wl,--end-group $(LDLIBS)

# --- running ----------------------------------------------------------------

run: deps
	@$(MAKE) --no-print-directory -j2 all
	@sh tests/run/serve.sh $(QASID)

deps:
	@sh tests/run/deps.sh $(PACKAGES)

deps-test: deps
	@sh tests/run/deps.sh $(TEST_PACKAGES)

# --- testing ----------------------------------------------------------------

test: deps-test
	@$(MAKE) --no-print-directory -j2 MODE=$(MODE) test-build
	@sh tests/run/all.sh $(BUILD)

test-build: $(QASID) $(UNIT_BINS) $(REPLAY_BINS) $(E2E_BINS) $(FAULT_BINS)

asan:
	@$(MAKE) --no-print-directory MODE=asan test

golden-update: all
	@sh tests/golden/update.sh $(QASID)

real: all
	@sh tests/run/real.sh $(QASID)

clients: deps-test all
	@sh tests/clients/run.sh $(QASID)
	@sh tests/clients/pins.sh $(QASID)

# Other servers serve what `qasid export` wrote.
peers: deps-test all $(E2E_BINS)
	@sh tests/run/deps.sh $(PEER_PACKAGES)
	@QASID=$(abspath $(QASID)) BUILD=$(abspath $(BUILD)) TOP=$(CURDIR) \
		sh tests/peers/run.sh

# An export of WordPress of 100 MB.
import-large: all
	@MEGABYTES=100 QASID=$(abspath $(QASID)) BUILD=$(abspath $(BUILD)) \
		TOP=$(CURDIR) sh tests/e2e/95-import-large.sh

# Three nodes behind HAProxy.
haproxy: deps-test all $(E2E_BINS)
	@sh tests/run/deps.sh $(PROXY_PACKAGES)
	@BUILD=$(abspath $(BUILD)) TOP=$(CURDIR) sh tests/haproxy/run.sh

bench: all $(BENCH_BINS) $(E2E_BINS)
	@sh tests/bench/run.sh $(BUILD)

# What a mirror costs, beside rsync, git and casync, then three mirrors behind
# bad lines; needs root.  ARTICLES may be any of 1000, 10000, 100000.
ARTICLES ?= 1000 10000
bench-mirrors: all $(BUILD)/bench/mirror_corpus $(BUILD)/bench/slowlink
	@sh tests/bench/mirrors.sh $(BUILD) $(ARTICLES)
	@sh tests/bench/mirror_follow.sh $(BUILD)

# Good and hostile clients for SECONDS=600, under ASan.
soak: SECONDS := $(if $(filter command line environment,$(origin SECONDS)),$(SECONDS),600)
soak: deps-test
	@$(MAKE) --no-print-directory -j2 MODE=asan soak-build
	@BUILD=$(CURDIR)/.build/asan TOP=$(CURDIR) sh tests/soak/run.sh $(SECONDS)

soak-build: $(QASID) $(BUILD)/soak/soak $(E2E_BINS)

SECONDS ?= 60
fuzz: deps-test
	@$(MAKE) --no-print-directory -j2 MODE=fuzz fuzz-build
	@sh tests/fuzz/run.sh .build/fuzz/fuzzer $(SECONDS) $(T)

fuzz-build: $(FUZZ_SRCS:tests/fuzz/fuzz_%.c=.build/fuzz/fuzzer/%)

coverage:
	@$(MAKE) --no-print-directory MODE=coverage test
	@sh tests/run/coverage.sh .build/coverage

# --- lints ------------------------------------------------------------------

C_FILES := $(wildcard src/*.c src/*/*.[ch] tests/*/*.[ch])
SH_FILES := $(wildcard tests/*/*.sh .ci/run) $(wildcard src/*/*.sh) \
	$(wildcard src/debian/qasid.p*)
MAN_FILES := $(wildcard src/man/*.[157])

lint: deps-test format-check headers layers check-parts shell-lint man-lint \
	cppcheck tidy
	@sh tests/lint/readme.sh
	@echo 'lint: fine'

format:
	clang-format-14 -i $(C_FILES)

format-check:
	@clang-format-14 --dry-run -Werror $(C_FILES)

# Each header compiles alone.
headers:
	@for h in $(wildcard src/*/*.h); do \
		$(CC) $(CPPFLAGS) -Wall -Wextra -Werror -fsyntax-only -x c $$h || \
		exit 1; done

layers:
	@sh tests/lint/layers.sh

# The server links without libmagic and md4c, the publisher without libssl.
check-parts: $(LIBS)
	@sh tests/lint/parts.sh $(BUILD) "$(CC)" "$(LDFLAGS)" \
		"$(SERVER_LIBS)" "$(PUBLISHER_LIBS)"

shell-lint:
	@if [ -n "$(SH_FILES)" ]; then shellcheck $(SH_FILES); fi

man-lint:
	@sh tests/lint/man.sh

cppcheck:
	@cppcheck -q -j2 --std=c11 --enable=warning,style,performance,portability \
		--inline-suppr --suppress=missingIncludeSystem --error-exitcode=1 \
		-D_GNU_SOURCE -DQASID_VERSION='""' -Isrc src

# One process a file, two at a time; a file is checked again only when it or a
# header changed since it was last found clean.
TIDY_STAMPS := $(patsubst %.c,.build/tidy/%.ok,$(wildcard src/*.c src/*/*.c))
tidy:
	@$(MAKE) --no-print-directory -j2 $(TIDY_STAMPS)

.build/tidy/%.ok: %.c .clang-tidy $(wildcard src/*/*.h)
	@mkdir -p $(@D)
	@clang-tidy-14 --quiet $< -- $(CPPFLAGS) 2>$@.log || \
		{ cat $@.log; exit 1; }
	@touch $@

# --- installing -------------------------------------------------------------

UNIT_FILES := $(wildcard src/systemd/*.service src/systemd/*.socket \
	src/sync/*.service src/sync/*.timer)

install: all
	install -d $(DESTDIR)$(PREFIX)/bin
	install -m 755 $(QASID) $(DESTDIR)$(PREFIX)/bin/qasid
	install -m 755 src/sync/qasid-sync.sh $(DESTDIR)$(PREFIX)/bin/qasid-sync
	install -d $(DESTDIR)$(UNITS) $(DESTDIR)$(PREFIX)/share/doc/qasid
	for u in $(UNIT_FILES); do \
		sed 's|/usr/local/bin|$(PREFIX)/bin|' $$u \
			>$(DESTDIR)$(UNITS)/$${u##*/} || exit 1; done
	sed 's|/usr/local/bin|$(PREFIX)/bin|' src/sync/qasid-sync.cron \
		>$(DESTDIR)$(PREFIX)/share/doc/qasid/qasid-sync.cron
	sh src/systemd/settings.sh $(QASID) \
		>$(DESTDIR)$(PREFIX)/share/doc/qasid/qasid.yaml
	install -d $(DESTDIR)$(PREFIX)/share/bash-completion/completions \
		$(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d
	sh src/completions/make.sh bash $(QASID) \
		>$(DESTDIR)$(PREFIX)/share/bash-completion/completions/qasid
	sh src/completions/make.sh fish $(QASID) \
		>$(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/qasid.fish
	for m in $(MAN_FILES); do \
		s=$${m##*.}; install -D -m 644 $$m \
		$(DESTDIR)$(PREFIX)/share/man/man$$s/$${m##*/} || exit 1; done

# A Debian package, .build/deb/qasid_VERSION_ARCH.deb, for `apt install`.
deb: deps
	@sh tests/run/deps.sh $(DEB_PACKAGES)
	@sh src/debian/build.sh $(VERSION) \
		$(filter-out gcc make libcmocka-dev,$(PACKAGES))

# It is tried in a bare Debian 12: ROOT, or what debootstrap makes (root).
ROOT ?=
deb-test: deb
	@sh tests/run/deps.sh $(DEB_TEST_PACKAGES)
	@sh tests/package/run.sh $(CURDIR)/.build/deb/qasid_$(VERSION)_*.deb $(ROOT)

clean:
	rm -rf .build

-include $(wildcard $(BUILD)/src/*.d $(BUILD)/src/*/*.d $(BUILD)/*/*.d)
