// SPDX-License-Identifier: Apache-2.0
#include "agent/kernel-code.h"

#include <string.h>

#include "agent/modules.h"
#include "agent/stack-table.h"
#include "symbolizer/binary.h"
#include "symbolizer/kallsyms.h"
#include "symbolizer/kernel-files.h"
#include "symbolizer/ksymbols.h"
#include "workload/sideband.h"

struct kernel_code {
	struct kallsyms *kallsyms; /* NULL: see unnamed */
	struct ksymbols *ksymbols;
	struct kernel_files *files;
	const char *unnamed;
	bool without_debug; /* it is not sought */
};

static int read_kallsyms(struct kernel_code *k, int proc_fd)
{
	int r = kallsyms_read(proc_fd, &k->kallsyms);

	switch (r) {
	case KALLSYMS_HIDDEN:
		k->unnamed = "the kernel hides its addresses from this user";
		return 0;
	case KALLSYMS_NONE:
		k->unnamed = "this kernel has no /proc/kallsyms";
		return 0;
	default:
		return r;
	}
}

int kernel_code_new(int proc_fd, const struct kernel_files_config *files, struct kernel_code **ret)
{
	_cleanup_(kernel_code_freep) struct kernel_code *k = calloc(1, sizeof(*k));
	struct kernel_files_config config = *files;
	int r;

	if (!k)
		return -ENOMEM;
	r = read_kallsyms(k, proc_fd);
	if (r < 0)
		return r;
	config.kallsyms = k->kallsyms;
	r = ksymbols_new(&k->ksymbols);
	if (r == 0)
		r = kernel_files_new(&config, &k->files);
	if (r < 0)
		return r;
	*ret = take_ptr(k);
	return 0;
}

struct kernel_code *kernel_code_free(struct kernel_code *k)
{
	if (!k)
		return NULL;
	kernel_files_free(k->files);
	ksymbols_free(k->ksymbols);
	kallsyms_free(k->kallsyms);
	free(k);
	return NULL;
}

const char *kernel_code_unnamed(const struct kernel_code *k)
{
	return k->unnamed;
}

int kernel_code_on_event(struct kernel_code *k, const struct sideband_event *event)
{
	int r;

	if (event->unregister || event->size == 0)
		return 0;
	r = ksymbols_add(k->ksymbols, event->start, event->size, event->name, event->time_ns);
	return r == -ENOSPC || r == -EINVAL ? 0 : r; /* this one stays unnamed */
}

/* Code of which no file tells: BPF programs, trampolines, probes. */
static bool is_made_up(const char *module)
{
	return strcmp(module, KALLSYMS_BPF_MODULE) == 0 || strncmp(module, "__builtin__", strlen("__builtin__")) == 0;
}

static int want_debug(struct kernel_code *k, uint64_t addr)
{
	struct kallsyms_symbol s;
	int r;

	if (k->without_debug || !k->kallsyms || !kallsyms_find(k->kallsyms, addr, &s) || is_made_up(s.module))
		return 0;
	r = kernel_files_want(k->files, s.module);
	return r == -ENOSPC ? 0 : r;
}

int kernel_code_take(struct kernel_code *k, struct stack_frame *frames, size_t n, uint64_t time_ns)
{
	for (size_t i = 0; i < n; i++) {
		bool is_caller = frames[i].flags & STACK_FRAME_IS_CALLER;
		uint64_t pin;
		int r;

		if (frames[i].module != MODULE_KERNEL)
			continue;
		if (ksymbols_pin(k->ksymbols, frames[i].addr - is_caller, time_ns, &pin)) {
			frames[i].addr = pin + is_caller;
			continue;
		}
		r = want_debug(k, frames[i].addr - is_caller);
		if (r < 0)
			return r;
	}
	return 0;
}

void kernel_code_set_debug_info(struct kernel_code *k, bool is_sought)
{
	k->without_debug = !is_sought;
}

void kernel_code_keep(const struct kernel_code *k)
{
	kernel_files_keep(k->files);
}

int kernel_code_dispatch(struct kernel_code *k)
{
	return kernel_files_dispatch(k->files);
}

size_t kernel_code_n_waiting(const struct kernel_code *k)
{
	return kernel_files_n_waiting(k->files);
}

static bool find_symbol(const struct kernel_code *k, uint64_t addr, struct kallsyms_symbol *ret)
{
	if (!ksymbols_is_pin(addr))
		return k->kallsyms && kallsyms_find(k->kallsyms, addr, ret);
	ksymbols_get(k->ksymbols, addr, ret);
	return true;
}

/* What the debug info says; 0: there is none. The function that was called has the same name with and without it. */
static size_t find_in_file(const struct kernel_file *file, const struct kallsyms_symbol *s, uint64_t offset,
			   struct index_frame *ret, size_t max)
{
	size_t n = 0;

	if (file->binary && !s->is_apart)
		n = binary_lookup(file->binary, kernel_file_vaddr(file->binary, offset), ret, max);
	if (n > 0) {
		ret[n - 1].function = s->name;
		ret[n - 1].linkage_name = s->linkage_name;
	}
	return n;
}

size_t kernel_code_lookup(struct kernel_code *k, const struct stack_frame *frame, struct kernel_location *ret,
			  struct index_frame *ret_functions, size_t max)
{
	bool is_caller = frame->flags & STACK_FRAME_IS_CALLER;
	const struct kernel_file *file;
	struct kallsyms_symbol s;
	size_t n = 0;

	if (!find_symbol(k, frame->addr - is_caller, &s))
		return 0;
	*ret = (struct kernel_location){
		.addr = frame->addr - s.module_start + (s.module[0] ? 0 : KALLSYMS_KERNEL_LINK_START),
		.module = s.module,
		.build_id = "",
	};
	if (!is_made_up(s.module) && kernel_files_get(k->files, s.module, &file) == 0) {
		ret->build_id = file->build_id_hex;
		n = find_in_file(file, &s, frame->addr - is_caller - s.module_start, ret_functions, max);
	}
	if (n == 0) {
		ret_functions[0] = (struct index_frame){ .function = s.name, .linkage_name = s.linkage_name };
		n = 1;
	}
	return n;
}
