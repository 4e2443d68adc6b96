// SPDX-License-Identifier: Apache-2.0
#include "agent/kernel-code.h"

#include <pthread.h>
#include <signal.h>
#include <string.h>

#include "agent/debug-files.h"
#include "agent/modules.h"
#include "agent/stack-table.h"
#include "symbolizer/binary.h"
#include "symbolizer/kallsyms.h"
#include "symbolizer/kernel-files.h"
#include "symbolizer/kernel-modules.h"
#include "symbolizer/ksymbols.h"
#include "workload/sideband.h"

struct kernel_code {
	int proc_fd;
	pthread_t reader;
	bool is_reading;           /* until somebody asks for names: the next three belong to the reader */
	int read_error;            /* -errno of the reader; 0: none */
	struct kallsyms *kallsyms; /* NULL: see unnamed */
	const char *unnamed;
	struct ksymbols *ksymbols;
	struct kernel_modules *modules;
	struct kernel_files *files;
	const struct kernel_file *image; /* of the kernel itself; NULL: not asked for yet */
	int host_root_fd;                /* borrowed */
	uint64_t n_refused;
};

static int read_kallsyms(struct kernel_code *k)
{
	int r = kallsyms_read(k->proc_fd, &k->kallsyms);

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

static void *run_reader(void *context)
{
	struct kernel_code *k = context;

	k->read_error = read_kallsyms(k);
	return NULL;
}

/* Signals are for the threads that wait for them. */
static int start_reader(struct kernel_code *k)
{
	sigset_t all, before;
	int r;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	r = pthread_create(&k->reader, NULL, run_reader, k);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	k->is_reading = r == 0;
	return -r;
}

static void join_reader(struct kernel_code *k)
{
	if (k->is_reading)
		pthread_join(k->reader, NULL);
	k->is_reading = false;
}

/* From here on there are names, if there are any. */
static int await_names(struct kernel_code *k)
{
	if (k->is_reading) {
		join_reader(k);
		kernel_modules_set_names(k->modules, k->kallsyms);
	}
	return k->read_error;
}

int kernel_code_new(int proc_fd, const struct kernel_files_config *files, struct kernel_code **ret)
{
	_cleanup_(kernel_code_freep) struct kernel_code *k = calloc(1, sizeof(*k));
	int r;

	if (!k)
		return -ENOMEM;
	k->proc_fd = proc_fd;
	k->host_root_fd = files->root_fd;
	r = kernel_modules_new(proc_fd, &k->modules);
	if (r == 0)
		r = ksymbols_new(&k->ksymbols);
	if (r == 0)
		r = kernel_files_new(files, &k->files);
	if (r == 0)
		r = start_reader(k);
	if (r < 0)
		return r;
	*ret = take_ptr(k);
	return 0;
}

struct kernel_code *kernel_code_free(struct kernel_code *k)
{
	if (!k)
		return NULL;
	join_reader(k);
	kernel_files_free(k->files);
	kernel_modules_free(k->modules);
	ksymbols_free(k->ksymbols);
	kallsyms_free(k->kallsyms);
	free(k);
	return NULL;
}

const char *kernel_code_unnamed(struct kernel_code *k)
{
	return await_names(k) < 0 ? NULL : k->unnamed; /* a fault stops whoever asks for names */
}

uint64_t kernel_code_n_refused(const struct kernel_code *k)
{
	return k->n_refused + kernel_modules_n_refused(k->modules);
}

int kernel_code_on_event(struct kernel_code *k, const struct sideband_event *event)
{
	int r;

	if (event->unregister) {
		ksymbols_end(k->ksymbols, event->start, event->time_ns);
		return 0;
	}
	r = ksymbols_add(k->ksymbols, event->start, event->size, event->name, event->time_ns);
	k->n_refused += r == -ENOSPC;
	return r == -ENOSPC || r == -EINVAL ? 0 : r; /* this one stays unnamed */
}

/* Code of which no file tells: BPF programs, trampolines, probes. */
static bool is_made_up(const char *module)
{
	return strcmp(module, KALLSYMS_BPF_MODULE) == 0 || strncmp(module, "__builtin__", strlen("__builtin__")) == 0;
}

/* Asked for once, also where there is no room. */
static int want_file(struct kernel_code *k, const char *module, const struct kallsyms *names,
		     const struct kernel_file **file)
{
	static const struct kernel_file no_room = { .failure = "too many builds of modules were met" };
	int r;

	if (*file || !names)
		return 0;
	r = kernel_files_want(k->files, module, names, file);
	if (r != -ENOSPC)
		return r;
	*file = &no_room;
	return 0;
}

int kernel_code_look(struct kernel_code *k)
{
	int r = 0;

	if (kernel_modules_is_due(k->modules)) {
		r = await_names(k);
		if (r == 0 && k->kallsyms)
			r = kernel_modules_look(k->modules);
	}
	return r;
}

void kernel_code_look_again(struct kernel_code *k)
{
	kernel_modules_look_again(k->modules);
}

static int take_frame(struct kernel_code *k, struct stack_frame *frame, uint64_t time_ns)
{
	bool is_caller = frame->flags & STACK_FRAME_IS_CALLER;
	uint64_t addr = frame->addr - is_caller, pin;
	struct kallsyms_symbol s = { .module = "?" };
	struct kernel_module *module;
	int r = 0;

	if (ksymbols_pin(k->ksymbols, addr, time_ns, &pin)) {
		frame->addr = pin + is_caller;
		return 0;
	}
	r = await_names(k);
	if (r < 0 || !k->kallsyms)
		return r;
	if (kallsyms_find(k->kallsyms, addr, &s) && !s.module[0])
		return want_file(k, "", k->kallsyms, &k->image);
	module = kernel_modules_pin(k->modules, addr, time_ns, &pin);
	if (!module && !is_made_up(s.module)) {
		r = kernel_modules_look_early(k->modules, time_ns);
		if (r == 0)
			module = kernel_modules_pin(k->modules, addr, time_ns, &pin);
	}
	if (!module || (is_made_up(s.module) && s.start > module->start))
		return r;
	frame->addr = pin + is_caller;
	if (module->init_of)
		module = module->init_of;
	return want_file(k, module->name, module->names, &module->file);
}

int kernel_code_take(struct kernel_code *k, struct stack_frame *frames, size_t n, uint64_t time_ns)
{
	int r = 0;

	for (size_t i = 0; i < n && r == 0; i++) {
		if (frames[i].module == MODULE_KERNEL)
			r = take_frame(k, &frames[i], time_ns);
	}
	return r;
}

void kernel_code_keep(const struct kernel_code *k)
{
	kernel_files_keep(k->files);
}

int kernel_code_dispatch(struct kernel_code *k)
{
	return kernel_files_dispatch(k->files);
}

int kernel_code_expire(struct kernel_code *k, uint64_t before_ns)
{
	kernel_modules_expire(k->modules, before_ns);
	k->n_refused = 0;
	return ksymbols_expire(k->ksymbols, before_ns);
}

int kernel_code_find_debug(const struct kernel_code *k, const struct debug_files *files, const struct binary *binary,
			   const struct debug_need *need, int *ret_fd, char *ret_path)
{
	struct debug_place place = {};

	/* What it lacks itself may be in the next of its places: kernel_files goes there. */
	if (need->kind == DEBUG_NEED_FILE || !kernel_files_find_place(k->files, binary, &place.root_fd, &place.path))
		return DEBUG_NEED_NONE;
	place.is_on_host = place.root_fd == k->host_root_fd;
	return debug_files_find(files, &place, need, ret_fd, ret_path);
}

size_t kernel_code_n_waiting(const struct kernel_code *k)
{
	return kernel_files_n_waiting(k->files);
}

/* What a frame lies in, and what is there. */
struct place {
	uint64_t addr;
	const struct kernel_module *module;
	struct kallsyms_symbol symbol; /* name NULL: none is known */
};

static void find_in_module(const struct kernel_module *module, struct place *ret)
{
	ret->module = module;
	if (!module->names || !kallsyms_find(module->names, ret->addr, &ret->symbol) ||
	    strcmp(ret->symbol.module, module->name) != 0)
		ret->symbol = (struct kallsyms_symbol){ .module = module->name, .module_start = module->start };
}

/* What a module of the past left in the table of the beginning is not believed: see kernel_code_take(). */
static bool is_still_there(const struct kernel_code *k, const struct kallsyms_symbol *s)
{
	return !s->module[0] || is_made_up(s->module) || s->is_apart || !kernel_modules_are_told(k->modules);
}

static bool find_place(const struct kernel_code *k, uint64_t addr, struct place *ret)
{
	*ret = (struct place){ .addr = addr };
	if (kernel_modules_is_pin(addr)) {
		find_in_module(kernel_modules_get(k->modules, addr, &ret->addr), ret);
		return true;
	}
	if (ksymbols_is_pin(addr))
		return ksymbols_get(k->ksymbols, addr, &ret->symbol);
	return k->kallsyms && kallsyms_find(k->kallsyms, addr, &ret->symbol) && is_still_there(k, &ret->symbol);
}

/* What the debug info says; 0: there is none. The function that was called has the same name with and without it. */
static size_t find_in_file(const struct kernel_file *file, const struct place *place, struct index_frame *ret,
			   size_t max)
{
	const struct kallsyms_symbol *s = &place->symbol;
	size_t n = 0;

	if (file->binary && !s->is_apart)
		n = binary_lookup(file->binary, kernel_file_vaddr(file->binary, place->addr - s->module_start), ret,
				  max);
	if (n > 0) {
		ret[n - 1].function = s->name;
		ret[n - 1].linkage_name = s->linkage_name;
	}
	return n;
}

static const struct kernel_file *file_of(const struct kernel_code *k, const struct place *place)
{
	if (place->module)
		return place->module->init_of ? place->module->init_of->file : place->module->file;
	return place->symbol.module[0] ? NULL : k->image;
}

size_t kernel_code_lookup(struct kernel_code *k, const struct stack_frame *frame, struct kernel_location *ret,
			  struct index_frame *ret_functions, size_t max)
{
	bool is_caller = frame->flags & STACK_FRAME_IS_CALLER;
	const struct kernel_file *file;
	const struct kallsyms_symbol *s;
	struct place place;
	size_t n = 0;

	if (await_names(k) < 0)
		return 0;
	if (!find_place(k, frame->addr - is_caller, &place)) {
		if (k->kallsyms) /* without its address, which would tell where modules lie */
			*ret = (struct kernel_location){ .module = KERNEL_CODE_GONE, .build_id = "" };
		return 0;
	}
	s = &place.symbol;
	file = file_of(k, &place);
	*ret = (struct kernel_location){
		.addr = place.addr + is_caller - s->module_start + (s->module[0] ? 0 : KALLSYMS_KERNEL_LINK_START),
		.module = s->module,
		.build_id = file ? file->build_id_hex : "",
	};
	if (!s->name)
		return 0;
	if (file)
		n = find_in_file(file, &place, ret_functions, max);
	if (n == 0) {
		ret_functions[0] = (struct index_frame){ .function = s->name, .linkage_name = s->linkage_name };
		n = 1;
	}
	return n;
}
