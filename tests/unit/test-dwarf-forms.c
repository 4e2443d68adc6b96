// SPDX-License-Identifier: Apache-2.0
/* dwarf: entries written by hand in assembly, with the forms and the damage that compilers seldom or never make. */
#include "tests/unit/dwarf-program.h"

#define TEXT ".text\n.globl code\ncode: .fill 0x400, 1, 0x90\n"
#define ABBREV(code, tag, children) ".uleb128 " #code ", " #tag "\n.byte " #children "\n"
#define AT(name, form) ".uleb128 " #name ", " #form "\n"
#define END ".byte 0, 0\n"
#define SECTION(name) ".section " name ", \"\", @progbits\n"
#define ADDRESS(offset) ".quad code + " #offset "\n"

/* A unit of DWARF 4 whose DIEs lie between UNIT and UNIT_END. */
#define UNIT(n) "unit" #n ": .long end" #n " - begin" #n "\nbegin" #n ": .value 4\n.long abbrevs\n.byte 8\n"
#define UNIT_END(n) "end" #n ":\n"

static void check(const char *dir, const char *source, const struct dwarf_program_expected *expected, size_t n)
{
	struct dwarf_program p;

	dwarf_program_assemble(dir, "program", source);
	assert_int_equal(dwarf_program_open_in(&p, dir, "program"), 0);
	dwarf_program_expect(&p, expected, n);
	dwarf_program_close(&p);
}

/* References of all forms, forward and backward, to another unit; codes that are no small numbers; names in chains. */
static void test_references(void **state)
{
	static const char source[] = TEXT SECTION(
		".debug_abbrev") "abbrevs:\n" ABBREV(0x1234, 0x11,
						     1) AT(3, 8) AT(0x11, 1) AT(0x12,
										6) END   /* unit: low, high: data4 */
		ABBREV(7, 0x2e, 1) AT(3, 8) AT(0x3b, 0x0b) AT(0x20, 0x0b) END            /* abstract */
			ABBREV(9, 0x2e, 1) AT(0x31, 0x13) AT(0x11, 1) AT(0x12, 0x0f) END /* ref4, high: udata */
				ABBREV(11, 0x1d,
				       1) AT(0x31, 0x11) AT(0x11, 1) AT(0x12, 7) AT(0x59, 5) END /* ref1, high: data8 */
					ABBREV(13, 0x1d,
					       1) AT(0x31,
						     0x12) AT(0x11,
							      1) AT(0x12,
								    1) AT(0x59,
									  0x0f) END /* ref2, high: address */
						ABBREV(15, 0x1d,
						       0) AT(0x31,
							     0x15) AT(0x11,
								      1) AT(0x12,
									    0x0b) AT(0x59,
										     0x0d) END /* ref_udata; sdata */
							ABBREV(17, 0x1d,
							       0) AT(0x31,
								     0x14) AT(0x11,
									      1) AT(0x12,
										    0x0b) AT(0x59,
											     6) END /* ref8 */
								ABBREV(19, 0x2e, 0) AT(0x47, 0x10) AT(0x3b, 0x0b) AT(
									0x11, 1) AT(0x12,
										    6) END /* ref_addr */
									ABBREV(21, 0x2e, 0) AT(3, 8) AT(0x2007, 8) AT(
										0x3b,
										5) AT(0x3c,
										      0x19) END /* MIPS_linkage_name */
										ABBREV(23, 0x0b, 1) AT(
											0x11,
											1) AT(0x12,
											      6) END /* lexical block */
											ABBREV(25, 0x1d, 0) AT(0x31, 0x16) AT(0x11, 0x16) AT(
												0x12, 0x16) AT(0x59,
													       0x16) END /* indirect */
												ABBREV(27, 0x2e, 0) AT(
													0x6e,
													0x0e) AT(3,
														 0x0e)
													AT(0x31, 0x13) AT(
														0x11,
														1) AT(0x12,
														      6)
														END /* a
														       clone */
		".byte 0\n" SECTION(".debug_info") UNIT(0) ".uleb128 0x1234\n.asciz \"a.c\"\n" ADDRESS(
			0) ".long 0x200\n"
			   "leaf: .uleb128 7\n.asciz \"leaf\"\n.byte 11\n.byte 1\n.byte 0\n"
			   "mid: .uleb128 7\n.asciz \"mid\"\n.byte 12\n.byte 1\n.byte 0\n"
			   ".uleb128 9\n.long outer - unit0\n" ADDRESS(
				   0) ".uleb128 0x100\n"
				      " .uleb128 11\n.byte mid - unit0\n" ADDRESS(
					      0x10) ".quad 0x80\n.value 300\n"
						    "  .uleb128 23\n" ADDRESS(
							    0x20) ".long 0x40\n"
								  "   .uleb128 13\n.value leaf - unit0\n" ADDRESS(0x20) ADDRESS(
									  0x30) ".uleb128 301\n.byte 0\n"
										"   .uleb128 15\n.uleb128 leaf - "
										"unit0\n" ADDRESS(
											0x40) ".byte 0x10\n.sleb128 "
											      "302\n"
											      "  .byte 0\n"
											      "  .uleb128 17\n.quad "
											      "leaf - unit0\n" ADDRESS(
												      0x70) ".byte "
													    "0x10\n."
													    "long 303\n"
													    " .byte 0\n"
													    " .uleb128 "
													    "25\n."
													    "uleb128 "
													    "0x13\n."
													    "long leaf "
													    "- "
													    "unit0\n."
													    "uleb128 "
													    "1"
													    "\n" ADDRESS(
														    0xa0) ".uleb128 0x0b\n.byte 8\n"
															  "  .uleb128 5\n.value 304\n"
															  ".byte 0\n"
															  ".uleb128 19\n.long declared - unit0\n.byte 77\n" ADDRESS(
																  0x100) ".long 0x20\n"
																	 ".uleb128 27\n.long strclone\n.long strname\n.long outer - unit0\n" ADDRESS(
																		 0x120) ".long 0x20\n"
																			"outer: .uleb128 7\n.asciz \"outer\"\n.byte 13\n.byte 1\n.byte 0\n"
																			".byte 0\n" UNIT_END(
																				0)
																				UNIT(1) ".uleb128 0x1234\n.asciz \"b.c\"\n" ADDRESS(
																					0x200) ".long 0\n"
																					       "declared: .uleb128 21\n.asciz \"short\"\n.asciz \"_Z5longly\"\n.value 500\n"
																					       ".byte 0\n" UNIT_END(
																						       1)
																						       SECTION(".debug_str") ".asciz \"\"\nstrclone: .asciz \"outer.part.0\"\nstrname: .asciz \"outer\"\n";
	static const struct dwarf_program_expected expected[] = {
		{ 0x400fff, "" },
		{ 0x401000, "outer/13 -:0" },
		{ 0x401010, "mid/12 -:0 < outer/13 -:300" },
		{ 0x401020, "leaf/11 -:0 < mid/12 -:301 < outer/13 -:300" },
		{ 0x40102f, "leaf/11 -:0 < mid/12 -:301 < outer/13 -:300" },
		{ 0x401030, "mid/12 -:0 < outer/13 -:300" },
		{ 0x40104f, "leaf/11 -:0 < mid/12 -:302 < outer/13 -:300" },
		{ 0x401050, "mid/12 -:0 < outer/13 -:300" },
		{ 0x401070, "leaf/11 -:0 < mid/12 -:303 < outer/13 -:300" },
		{ 0x401090, "outer/13 -:0" },
		{ 0x4010a0, "leaf/11 -:0 < outer/13 -:304" },
		{ 0x4010a8, "outer/13 -:0" },
		{ 0x4010ff, "outer/13 -:0" },
		{ 0x401100, "_Z5longly/77 -:0" },
		{ 0x401120, "outer.part.0/13 -:0" },
		{ 0x401140, "" },
	};

	check(*state, source, expected, ARRAY_SIZE(expected));
}

/* Addresses, strings and ranges by their numbers; every kind of range; constants that lie in the abbreviation. */
static void test_version5(void **state)
{
	static const char source[] = TEXT SECTION(
		".debug_abbrev") "abbrevs:\n" ABBREV(1, 0x11, 1) AT(0x72, 0x17) AT(0x73, 0x17) AT(0x74, 0x17)
		AT(0x10, 0x17) AT(0x11, 0x1b) AT(0x55, 0x17) AT(3, 0x1a) END ABBREV(2, 0x2e, 0) AT(3, 0x25) AT(
			0x11, 0x29) AT(0x12,
				       0x21) ".sleb128 0x10\n" AT(0x3b,
								  0x21) ".sleb128 9\n" END ABBREV(3, 0x2e, 0)
			AT(3, 0x26) AT(0x11, 0x2a) AT(0x12, 0x0b) END ABBREV(4, 0x2e, 0) AT(3, 0x27) AT(0x11, 0x2b)
				AT(0x12, 0x0b) END ABBREV(5, 0x2e, 0) AT(3, 0x28) AT(0x11, 0x2c) AT(0x12, 0x0b)
					END ABBREV(6, 0x2e, 0) AT(3, 0x1f) AT(0x55, 0x23) END /* line_strp, rnglistx */
						ABBREV(7, 0x24, 0) AT(0x100, 0x1e) AT(0x101, 0x0a) AT(0x102, 3) AT(
							0x103,
							4) AT(0x104,
							      9) AT(0x105,
								    0x18) AT(0x106,
									     0x0c) AT(0x107,
										      0x19) AT(0x108, 0x20)
							AT(0x109,
							   0x22) AT(0x10a,
								    0x1c) AT(0x10b,
									     0x24) AT(0x10c,
										      0x0d) AT(0x10d, 8)
								AT(0x10e,
								   0x16) AT(0x10f,
									    0x21) ".sleb128 -70000000000\n" END
									ABBREV(8, 0x2e, 0) AT(3, 8) AT(0x55, 0x17)
										END ABBREV(9, 0x2e, 0) AT(3, 8)
											AT(0x11, 0x2001) AT(0x12, 0x0b)
												END /* LLVM_addrx_offset
												     */
		".byte 0\n" SECTION(
			".debug_info") ".long end - begin\nbegin: .value 5\n.byte 1, 8\n.long abbrevs\n"
				       ".uleb128 1\n.long strings\n.long addresses\n.long lists\n.long "
				       "0x7fffffff\n.uleb128 0\n.long all\n.uleb128 0\n"
				       ".uleb128 7\n.fill 16\n.byte 2, 0, 0\n.value 1\n.byte 0\n.long 1\n.byte "
				       "0\n.uleb128 1\n.byte 0\n.uleb128 2\n"
				       " .byte 0, 0\n.byte 1\n.quad 1\n.uleb128 300\n.long 0\n.quad 0\n.sleb128 "
				       "-5\n.asciz \"x\"\n.uleb128 8\n"
				       " .asciz \"y\"\n"
				       ".uleb128 2\n.byte 1\n.byte 1\n"
				       ".uleb128 3\n.value 2\n.value 2\n.byte 0x10\n"
				       ".uleb128 4\n.byte 3, 0, 0\n.byte 3, 0, 0\n.byte 0x10\n"
				       ".uleb128 5\n.long 4\n.long 4\n.byte 0x10\n"
				       ".uleb128 6\n.long linestr\n.uleb128 1\n"
				       ".uleb128 8\n.asciz \"h\"\n.long other\n"
				       ".uleb128 9\n.asciz \"i\"\n.uleb128 1\n.long 0x300\n.byte 0x10\n"
				       ".byte 0\nend:\n" SECTION(
					       ".debug_str_offsets") ".long 24\n.value 5, "
								     "0\nstrings: .long s0, s1, s2, "
								     "s3, s4\n" SECTION(
									     ".debug_str") "s0: .asciz "
											   "\"u.c\"\ns4: "
											   ".asciz "
											   "\"e\"\ns3: "
											   ".asciz "
											   "\"d\"\ns2: "
											   ".asciz "
											   "\"c\"\ns1: "
											   ".asciz "
											   "\"b\"\n" SECTION(
												   ".debug_"
												   "line_str") ".asciz "
													       "\"\"\nl"
													       "inestr:"
													       " ."
													       "asciz "
													       "\"g\""
													       "\n" SECTION(
														       ".debug_"
														       "addr") ".long "
															       "60\n."
															       "value "
															       "5\n."
															       "byte 8, "
															       "0\naddre"
															       "sses:"
															       "\n" ADDRESS(
																       0)
																       ADDRESS(0x10) ADDRESS(0x20) ADDRESS(0x30) ADDRESS(0x40) ADDRESS(0x200) ".quad -1\n" SECTION(".debug_rnglists") ".long lend - lbegin\nlbegin: .value 5\n.byte 8, 0\n.long 2\n"
																														      "lists: .long all - lists, some - lists\n"
																														      "all: .byte 7\n" ADDRESS(0) ".uleb128 0x400\n.byte 0\n"
																																		  "some: .byte 1\n.uleb128 5\n" /* base: 0x200 */
																																		  ".byte 4\n.uleb128 0\n.uleb128 4\n" /* 0x200 to 0x204 */
																																		  ".byte 4\n.uleb128 8\n.uleb128 8\n" /* nothing */
																																		  ".byte 5\n" ADDRESS(0x100) ".byte 4\n.uleb128 0x10\n.uleb128 0x14\n" /* 0x110 to 0x114 */
																																					     ".byte 2\n.uleb128 2\n.uleb128 3\n" /* 0x20 to 0x30: under c, which is before */
																																					     ".byte 3\n.uleb128 4\n.uleb128 0x20\n" /* 0x40 to 0x60 */
																																					     ".byte 6\n" ADDRESS(0x80) ADDRESS(
																																						     0x88) ".byte 7\n" ADDRESS(0x90) ".uleb128 8\n"
																																										     ".byte 7\n.quad 0\n.uleb128 0x401300\n" /* dropped */
																																										     ".byte 7\n.quad -1\n.uleb128 8\n.byte 3\n.uleb128 6\n.uleb128 8\n" /* dropped too */
																																										     ".byte 1\n.uleb128 6\n.byte 4\n.uleb128 0x402000\n.uleb128 0x402010\n"
																																										     ".byte 0\n.byte 7\n" ADDRESS(0xa0) ".uleb128 8\n" /* behind the end */
																																															"other: .byte 4\n.uleb128 0x120\n.uleb128 0x128\n.byte 9\n.byte 7\n" ADDRESS(
																																																0x130) ".uleb128 8\n.byte 0\nlend:\n";
	static const struct dwarf_program_expected expected[] = {
		{ 0x401000, "" },        { 0x401010, "b/9 -:0" }, { 0x40101f, "b/9 -:0" }, { 0x401020, "g/0 -:0" },
		{ 0x401030, "d/0 -:0" }, { 0x401040, "g/0 -:0" }, { 0x40105f, "g/0 -:0" }, { 0x401060, "" },
		{ 0x401080, "g/0 -:0" }, { 0x401088, "" },        { 0x401090, "g/0 -:0" }, { 0x401098, "" },
		{ 0x4010a0, "" },        { 0x401110, "g/0 -:0" }, { 0x401114, "" },        { 0x401120, "h/0 -:0" },
		{ 0x401128, "" },        { 0x401130, "" },        { 0x401200, "g/0 -:0" }, { 0x401204, "" },
		{ 0x401208, "" },        { 0x401310, "i/0 -:0" }, { 0x401320, "" },
	};

	check(*state, source, expected, ARRAY_SIZE(expected));
}

#define SMALL_ABBREVS                                                                                                  \
	SECTION(".debug_abbrev")                                                                                       \
	"abbrevs:\n" ABBREV(1, 0x11, 1) AT(0x11, 1) AT(0x55, 0x17) END ABBREV(2, 0x2e, 1) AT(3, 8) AT(0x11, 1)         \
		AT(0x12, 6) END ABBREV(3, 0x1d, 1) AT(0x31, 0x13) AT(0x11, 1) AT(0x12, 6) AT(0x59, 0x0b)               \
			END ABBREV(4, 0x2e, 0) AT(3, 8) END ABBREV(5, 0x1d, 1) AT(0x31, 0x13) AT(0x59, 0x0b)           \
				END ABBREV(6, 0x2e, 1) AT(3, 8) AT(0x55, 0x17) END ABBREV(7, 0x11, 1) AT(0x11, 1)      \
					AT(0x12, 6) END ".byte 0\n"
#define FUNCTION(name, from, size) ".uleb128 2\n.asciz \"" name "\"\n" ADDRESS(from) ".long " #size "\n"
#define CALL(to, from, size, line)                                                                                     \
	".uleb128 3\n.long " #to " - unit0\n" ADDRESS(from) ".long " #size "\n.byte " #line "\n"
#define WHOLE_TEXT SECTION(".debug_ranges") "ranges:\n.quad code, code + 0x400, 0, 0\n"

/* Who is innermost: calls that lie in one another, beside, across, and alike; some without code of their own. */
static void test_nesting(void **state)
{
	static const char source[] = TEXT SMALL_ABBREVS WHOLE_TEXT
		"list: .quad -1, code\n.quad 0x110, 0x120\n.quad 0x100, 0x108\n.quad -1, 0\n.quad code + 0x140, code + "
		"0x150\n"
		".quad 0, 0\n" SECTION(".debug_info") UNIT(
			0) ".uleb128 1\n.quad 0\n.long ranges\n"
			   "a: .uleb128 4\n.asciz \"a\"\nb: .uleb128 4\n.asciz \"b\"\n" FUNCTION("f", 0, 0x100) " " CALL(
				   a, 0x10, 0x20,
				   1) "  " CALL(b, 0x10, 0x20,
						2) "  .byte 0\n .byte 0\n" /* all of a is b */
						   " " CALL(a, 0x40, 0x20, 3) " .byte 0\n " CALL(
							   b, 0x50, 0x20,
							   4) " .byte 0\n" /* b begins in a */
							      " .uleb128 5\n.long a - unit0\n.byte 5\n" /* without code
													 */
							      "  .uleb128 5\n.long b - unit0\n.byte 6\n"
							      "   " CALL(
								      a,
								      0x80, 0x10,
								      7) "   .byte 0\n  .byte 0\n .byte 0\n"
									 " " CALL(a, 0xa0, 0x10, 8) " .byte 0\n " CALL(
										 b, 0xa0, 0x10,
										 9) " .byte 0\n" /* the later one */
										    ".byte 0\n"
										    ".uleb128 6\n.asciz \"g\"\n.long "
										    "list - ranges\n"
										    " " FUNCTION("h", 0x118, 4) CALL(
											    a, 0x118, 2,
											    1) ".byte 0\n .byte "
											       "0\n" /* a function
													in a
													function */
											       ".byte 0\n" CALL(
												       a, 0x200, 4,
												       1) ".byte "
													  "0\n" /* in no
														   function
														 */
													  ".byte "
													  "0"
													  "\n" UNIT_END(
														  0);
	static const struct dwarf_program_expected expected[] = {
		{ 0x401000, "f/0 -:0" },
		{ 0x401010, "b/0 -:0 < a/0 -:2 < f/0 -:1" },
		{ 0x40102f, "b/0 -:0 < a/0 -:2 < f/0 -:1" },
		{ 0x401030, "f/0 -:0" },
		{ 0x40104f, "a/0 -:0 < f/0 -:3" },
		{ 0x401050, "b/0 -:0 < f/0 -:4" },
		{ 0x40106f, "b/0 -:0 < f/0 -:4" },
		{ 0x401070, "f/0 -:0" },
		{ 0x401080, "a/0 -:0 < b/0 -:7 < a/0 -:6 < f/0 -:5" },
		{ 0x401090, "f/0 -:0" },
		{ 0x4010a0, "b/0 -:0 < f/0 -:9" },
		{ 0x4010b0, "f/0 -:0" },
		{ 0x401100, "g/0 -:0" },
		{ 0x401108, "" },
		{ 0x401110, "g/0 -:0" },
		{ 0x401119, "a/0 -:0 < h/0 -:1" },
		{ 0x40111a, "h/0 -:0" },
		{ 0x40111c, "g/0 -:0" },
		{ 0x401140, "g/0 -:0" },
		{ 0x401150, "" },
		{ 0x401200, "a/0 -:0" },
	};

	check(*state, source, expected, ARRAY_SIZE(expected));
}

#define ONE_FUNCTION(n, name)                                                                                          \
	UNIT(n) ".uleb128 7\n" ADDRESS(0) ".long 0x100\n" FUNCTION(name, 0, 0x100) ".byte 0\n.byte 0\n" UNIT_END(n)
#define SET(n) ".long s" #n "end - s" #n "begin\ns" #n "begin: .value 2\n.long unit" #n "\n.byte 8, 0\n.long 0\n"
#define SET_END(n) ".quad 0, 0\ns" #n "end:\n"

/* .debug_aranges decides; where two units claim an address, the one that had the one before, else the first. */
static void test_owners(void **state)
{
	static const char units[] = TEXT SMALL_ABBREVS SECTION(".debug_info") ONE_FUNCTION(0, "f") ONE_FUNCTION(1, "g")
		ONE_FUNCTION(2, "h");
	static const char sets[] = SECTION(".debug_aranges") SET(0) ".quad code + 0x80, 0x40\n" SET_END(0)
		SET(1) ".quad code, 0x20\n.quad code + 0x60, 0x40\n.quad 0, 0x10000000\n" SET_END(1);
	static const struct dwarf_program_expected without[] = {
		{ 0x401000, "f/0 -:0" },
		{ 0x4010ff, "f/0 -:0" },
		{ 0x401100, "" },
	};
	/* From 0 on g and h claim, g is the first; at 0x20 h goes on alone, and keeps it until the end. */
	static const struct dwarf_program_expected with[] = {
		{ 0x401000, "g/0 -:0" }, { 0x40101f, "g/0 -:0" }, { 0x401020, "h/0 -:0" }, { 0x401060, "h/0 -:0" },
		{ 0x401080, "h/0 -:0" }, { 0x4010ff, "h/0 -:0" }, { 0x401100, "" },
	};
	_cleanup_(buf_done) struct buf source = {};

	check(*state, units, without, ARRAY_SIZE(without));
	assert_int_equal(buf_printf(&source, "%s%s", units, sets), 0);
	check(*state, source.data, with, ARRAY_SIZE(with));
}

/* DWARF with 64-bit offsets. */
static void test_64_bits(void **state)
{
	static const char source[] =
		TEXT SMALL_ABBREVS SECTION(".debug_ranges") "ranges:\n.quad code, code + 0x400, 0, 0\n" SECTION(
			".debug_info") "unit0: .long -1\n.quad end0 - begin0\nbegin0: .value 3\n.quad abbrevs\n.byte "
				       "8\n"
				       ".uleb128 1\n.quad 0\n.quad ranges\n" FUNCTION(
					       "f", 0x10, 0x10) ".byte 0\n.byte 0\n" UNIT_END(0);
	static const struct dwarf_program_expected expected[] = {
		{ 0x40100f, "" },
		{ 0x401010, "f/0 -:0" },
		{ 0x401020, "" },
	};

	check(*state, source, expected, ARRAY_SIZE(expected));
}

/* In DWARF 2 a reference to another unit has the size of an address; a negative line is none. */
static void test_version2(void **state)
{
	static const char source[] = TEXT SECTION(".debug_abbrev") "abbrevs:\n" ABBREV(1, 0x11, 1) AT(0x11, 1)
		AT(0x12, 1) END ABBREV(2, 0x2e, 0) AT(0x47, 0x10) AT(0x11, 1) AT(0x12, 1) END ABBREV(3, 0x2e, 0)
			AT(3, 8) AT(0x3b, 0x0d) END
		".byte 0\n" SECTION(
			".debug_info") "unit0: .long end0 - begin0\nbegin0: .value 2\n.long abbrevs\n.byte 8\n"
				       ".uleb128 1\n" ADDRESS(0) ADDRESS(0x100) ".uleb128 2\n.quad f\n" ADDRESS(0)
					       ADDRESS(0x10) ".uleb128 2\n.quad g\n" ADDRESS(0x10) ADDRESS(
						       0x20) "f: .uleb128 3\n.asciz \"f\"\n.sleb128 70\ng: .uleb128 "
							     "3\n.asciz \"g\"\n.sleb128 -70\n.byte 0\n" UNIT_END(0);
	static const struct dwarf_program_expected expected[] = {
		{ 0x401000, "f/70 -:0" },
		{ 0x401010, "g/0 -:0" },
		{ 0x401020, "" },
	};

	check(*state, source, expected, ARRAY_SIZE(expected));
}

static unsigned int deepest(const struct dwarf_debug *d)
{
	struct index_debug debug;
	unsigned int max = 0;

	dwarf_debug_get(d, &debug);
	for (size_t i = 0; i < debug.n_scopes; i++) {
		unsigned int depth = 1;

		for (uint32_t at = (uint32_t)i; debug.scopes[at].parent != INDEX_NO_SCOPE; depth++)
			at = debug.scopes[at].parent;
		max = depth > max ? depth : max;
	}
	return max;
}

/* What is damaged costs itself only; names in a circle end; so do ever deeper entries. */
static void test_damage(void **state)
{
	static const char source[] =
		TEXT SMALL_ABBREVS WHOLE_TEXT SECTION(".debug_info") UNIT(0) ".uleb128 7\n" ADDRESS(
			0) ".long 0x100\n" FUNCTION("f", 0,
						    0x10) ".byte 0\n.uleb128 99\n" UNIT_END(0) /* no such code */
		".long 20\n.value 6\n.fill 18\n"                                               /* no such version */
		UNIT(2) ".uleb128 99\n" UNIT_END(2)
			UNIT(3) ".uleb128 7\n" ADDRESS(
				0x100) ".long 0x100\n"
				       "x: .uleb128 5\n.long y - unit3\n.byte 1\n.byte 0\n" /* a circle of two */
				       "y: .uleb128 5\n.long x - unit3\n.byte 1\n.byte 0\n" FUNCTION("g", 0x100, 0x80) " .uleb128 3\n.long x - unit3\n" ADDRESS(
					       0x110) ".long 4\n.byte 1\n .byte 0\n"
						      " .uleb128 3\n.long 0x7fffffff\n" ADDRESS(
							      0x120) ".long 4\n.byte 1\n .byte 0\n" /* leads nowhere */
								     " .rept 3000\n.uleb128 3\n.long z - "
								     "unit3\n" ADDRESS(
									     0x130) ".long 4\n.byte 1\n.endr\n"
										    " .rept 3000\n.byte 0\n.endr\n"
										    ".byte 0\n"
										    "z: .uleb128 4\n.asciz "
										    "\"z\"\n" FUNCTION(
											    "h", 0x180,
											    0x80) ".byte 0\n.byte "
												  "0\n" UNIT_END(
													  3) ".l"
													     "on"
													     "g "
													     "0x"
													     "7f"
													     "ff"
													     "ff"
													     "ff"
													     "\n"
													     ".v"
													     "al"
													     "ue"
													     " 4"
													     "\n"; /* longer
														      than
														      the
														      section
														    */
	static const struct dwarf_program_expected expected[] = {
		{ 0x401000, "f/0 -:0" },          { 0x401100, "g/0 -:0" }, { 0x401110, "/0 -:0 < g/0 -:1" },
		{ 0x401120, "/0 -:0 < g/0 -:1" }, { 0x401180, "h/0 -:0" },
	};
	struct dwarf_program p;

	dwarf_program_assemble(*state, "program", source);
	assert_int_equal(dwarf_program_open_in(&p, *state, "program"), 0);
	dwarf_program_expect(&p, expected, ARRAY_SIZE(expected));
	assert_int_equal(deepest(p.debug), 257);
	assert_int_equal(dwarf_debug_stats(p.debug)->n_units, 5);
	assert_int_equal(dwarf_debug_stats(p.debug)->n_damaged_units, 4);
	dwarf_program_close(&p);
}

/* A list that many entries name is looked at so often that it is given up. */
static void test_work(void **state)
{
	static const char source[] = TEXT SMALL_ABBREVS WHOLE_TEXT
		"list: .rept 40000\n.quad code, code + 1\n.endr\n.quad 0, 0\n" SECTION(".debug_info")
			UNIT(0) ".uleb128 1\n.quad 0\n.long ranges\n"
				".rept 20000\n.uleb128 6\n.asciz \"\"\n.long list - ranges\n.byte 0\n.endr\n.byte "
				"0\n" UNIT_END(0);
	struct dwarf_program p;

	dwarf_program_assemble(*state, "program", source);
	assert_int_equal(dwarf_program_open_in(&p, *state, "program"), -EFBIG);
	dwarf_program_close(&p);
}

static void test_nothing(void **state)
{
	struct dwarf_program p;

	dwarf_program_assemble(*state, "program", TEXT);
	assert_int_equal(dwarf_program_open_in(&p, *state, "program"), DWARF_NONE);
	dwarf_program_close(&p);
	dwarf_program_assemble(*state, "program", TEXT SECTION(".debug_info") ".fill 64, 1, 0xa5\n");
	assert_int_equal(dwarf_program_open_in(&p, *state, "program"), -EBADMSG);
	dwarf_program_close(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_references), cmocka_unit_test(test_version5), cmocka_unit_test(test_nesting),
		cmocka_unit_test(test_owners),     cmocka_unit_test(test_64_bits),  cmocka_unit_test(test_version2),
		cmocka_unit_test(test_damage),     cmocka_unit_test(test_work),     cmocka_unit_test(test_nothing),
	};

	return cmocka_run_group_tests(tests, tool_dir_new, tool_dir_free);
}
