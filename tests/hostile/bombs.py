# SPDX-License-Identifier: Apache-2.0
"""Files made to stop or to grow whoever reads them: each is small to write and large, endless or senseless to read.

ALL: {name: function()} that gives a Bomb. What they hold is what has hurt other readers of ELF and DWARF, and every
product of two counts that one file may choose.
"""
import collections
import functools
import itertools
import lzma
import os
import random
import struct
import subprocess
import zlib

import dwarf_bytes as d
import elf_image as e
from elf_image import Section, build, symtab_sections

# sparse: the size that the file is extended to. sides: bytes of files that go with it.
Bomb = collections.namedtuple("Bomb", "data sparse sides", defaults=(0, ()))
TIB = 1 << 40
GIB = 1 << 30
MIB = 1 << 20
MANY = 100000
TEXT = e.TEXT_ADDR
ALL = {}


def bomb(f):
    ALL[f.__name__.replace("_", "-")] = f
    return f


def variants(**kinds):
    """One bomb for each keyword: the function is called with its value."""
    def add(f):
        for name, argument in kinds.items():
            ALL[f"{f.__name__}-{name}".replace("_", "-")] = lambda argument=argument: f(argument)
        return f
    return add


def of(sections, **options):
    return Bomb(build(sections, **options))


def debug(info, abbrevs, **more):
    return of(d.sections(info, abbrevs, **more))


def code(n=TEXT, size=16):
    """Values of DW_AT_low_pc as FORM_addr and DW_AT_high_pc as FORM_data4."""
    return struct.pack("<QI", n, size)


PC = [(d.AT_low_pc, d.FORM_addr), (d.AT_high_pc, d.FORM_data4)]
ROOT = d.abbrev(1, d.TAG_compile_unit, [(d.AT_name, d.FORM_string), *PC], True)
ROOT_DIE = b"\1cu\0" + code(size=64)


# -- ELF: headers, sections, segments -----------------------------------------------------------------------------------

@variants(**{n.strip("."): n for n in (".debug_info", ".debug_line", ".debug_str", ".symtab", ".strtab", ".eh_frame",
                                       ".note.x", ".gnu_debugdata", ".gopclntab", ".debug_abbrev")})
def sparse(name):
    kinds = {".symtab": e.SHT_SYMTAB, ".strtab": e.SHT_STRTAB, ".note.x": e.SHT_NOTE}
    sections = [Section(".debug_info", d.unit_5(ROOT_DIE + b"\0")), Section(".debug_abbrev", ROOT + b"\0")]
    sections = [s for s in sections if s.name != name]
    giant = Section(name, bytes(64), kinds.get(name, e.SHT_PROGBITS), size=8 * TIB - MIB, entsize=24, flags=2)
    return Bomb(build([*sections, giant]), sparse=8 * TIB)


@variants(**{str(n): n for n in (0, 1, 4, 15, 16, 52, 63, 64, 65, 4095)})
def short(n):
    return Bomb(build()[:n])


@variants(class32={"class": 1}, class0={"class": 0}, big_endian={"data": 2}, arm={"machine": 40}, relocatable={"type": 1},
          core={"type": 4}, none={"type": 0}, no_sections={"shnum": 0}, shstrndx={"shstrndx": 0xfffe},
          shstrndx_x={"shstrndx": 0xffff}, shentsize0={"shentsize": 0}, shentsize1={"shentsize": 1},
          phentsize0={"phentsize": 0}, phnum={"phnum": 0xffff}, phoff={"phoff": (1 << 64) - 56},
          shoff={"shoff": (1 << 64) - 64}, shoff_header={"shoff": 0}, phoff_header={"phoff": 0}, shnum={"shnum": 0xfeff})
def header(fields):
    return of(symtab_sections([(b"f", TEXT, 64)]), header=fields)


@variants(max=(1 << 64) - 1, u32=(1 << 32) - 1, million=1000000)
def extended_count(n):
    """e_shnum 0: the number is in the size of section 0."""
    image = e.Image(build(symtab_sections([(b"f", TEXT, 64)])))
    image.put(60, 2, 0)
    image.put(image.number(40, 8) + 32, 8, n)
    return Bomb(bytes(image.data), sparse=256 * MIB)


@bomb
def million_sections():
    image = e.Image(build())
    shoff = len(image.data)
    image.put(40, 8, shoff)
    image.put(60, 2, 0)
    one = struct.pack("<IIQQQQIIQQ", 0, 1, 2, TEXT, TEXT, 64, 0, 0, 1, 0)
    first = struct.pack("<IIQQQQIIQQ", 0, 0, 0, 0, 0, MIB, 0, 0, 0, 0)
    return Bomb(bytes(image.data) + first + one * (MIB - 1))


@variants(entsize0={"entsize": 0}, entsize1={"entsize": 1}, entsize23={"entsize": 23}, huge={"size": 1 << 62},
          beyond={"offset": TIB}, link={"link": 999}, self_link={"link": 2}, wrap={"offset": (1 << 64) - 8, "size": 64})
def symtab(fields):
    return of(symtab_sections([(b"f", TEXT, 64)], **fields))


@bomb
def identical_symbols():
    table = e.symbol(0, 0, 0, 0, 0) + e.symbol(1, TEXT, 64) * MIB
    return of([Section(".symtab", table, e.SHT_SYMTAB, link=".strtab", entsize=24), Section(".strtab", b"\0same\0")])


@bomb
def nested_symbols():
    """Each starts in the one before and ends behind it."""
    n = 200000
    text = bytes(1 * MIB)
    table = bytearray(e.symbol(0, 0, 0, 0, 0))
    for i in range(n):
        table += e.symbol(1, TEXT + i, 2 * (n - i))
    return of([Section(".symtab", bytes(table), e.SHT_SYMTAB, link=".strtab", entsize=24),
               Section(".strtab", b"\0nested\0")], text=text)


@bomb
def long_names():
    name = b"x" * (16 * MIB)
    table = e.symbol(0, 0, 0, 0, 0) + b"".join(e.symbol(1 + i, TEXT + i % 64, 1) for i in range(MANY))
    return of([Section(".symtab", table, e.SHT_SYMTAB, link=".strtab", entsize=24), Section(".strtab", b"\0" + name)])


@variants(rust=b"_R" + b"NvC" * 20000, cxx=b"_Z" + b"N1a" * 20000 + b"E", templates=b"_Z1fI" + b"1aI" * 20000,
          backrefs=b"_ZN" + b"1aS_S0_S1_" * 5000 + b"E", pointers=b"_Z1f" + b"P" * 60000 + b"i",
          types=b"_Z1f" + b"FvPFvPFv" * 5000, dlang=b"_D" + b"3abc" * 10000, growth=b"_Z1fIJ" + b"DpT_" * 2000 + b"EE",
          rust_backrefs=b"_RINvC1a1b" + b"TB2_B2_" * 400)
def demangle(name):
    names = [name, name[:1000], name[:1023], name[:500]]
    return of(symtab_sections([(n, TEXT + 4 * i, 4) for i, n in enumerate(names)]))


@bomb
def demangle_growth():
    """Names that double with each back reference."""
    entries = []
    for i in range(1, 60):
        pairs = b"".join(b"S%s_S%s_" % (str(k).encode(), str(k).encode()) for k in range(i))
        entries.append((b"_Z1fI1aI" + pairs + b"EE", TEXT + i, 1))
    return of(symtab_sections(entries))


@variants(same=lambda i: (TEXT, TEXT), wrap=lambda i: (0, (1 << 64) - 4096 * (i + 1)), nested=lambda i: (0, TEXT + i),
          reverse=lambda i: (TEXT, TIB - i * 4096))
def overlapping_segments(place):
    segments = [e.segment(e.PT_LOAD, *place(i), 0x4000, 1 << 62) for i in range(50)]
    return of(symtab_sections([(b"f", TEXT, 64)]), segments=segments)


@variants(namesz=e.note(3, b"GNU\0", bytes(20), namesz=0xffffffff), descsz=e.note(3, b"GNU\0", bytes(20), descsz=0xffffffff),
          both=e.note(3, b"GNU\0", bytes(20), 0xfffffffd, 0xfffffffd), empty=e.note(3, b"GNU\0", b""),
          one=e.note(3, b"GNU\0", b"\1"), thousand=e.note(3, b"GNU\0", b"\7" * 1000), zeros=bytes(4 * MIB),
          many=e.note(1, b"GNU\0", b"") * (MIB // 16), cut=e.note(3, b"GNU\0", bytes(20))[:17])
def build_id(content):
    return of([Section(".note.gnu.build-id", content, e.SHT_NOTE, flags=2, addralign=4)])


@variants(buckets0=(0, 1, 1, 6), bucketsmax=(0xffffffff, 1, 1, 6), bloom=(1, 1, 0xffffffff, 6), overflow=(2, 0xfffffff0, 1, 6),
          endless=(1, 1, 1, 6))
def gnu_hash(words):
    """No section headers: how many symbols there are stands in DT_GNU_HASH only, whose chain never ends."""
    hashes = struct.pack("<IIII", *words) + bytes(8) + struct.pack("<I", 1) + b"\2\0\0\0" * 1000
    strings, symbols = b"\0f\0", e.symbol(0, 0, 0, 0, 0) + e.symbol(1, TEXT, 64)
    text = bytearray(b"\xc3" * 64)
    at = {}
    for name, data in (("hash", hashes), ("str", strings), ("sym", symbols)):
        text += bytes(-len(text) % 16)
        at[name] = TEXT + len(text)
        text += data
    text += bytes(-len(text) % 16)
    dynamic = struct.pack("<12Q", 0x6ffffef5, at["hash"], 5, at["str"], 10, len(strings), 6, at["sym"], 11, 24, 0, 0)
    start = TEXT + len(text)
    return of([], text=bytes(text) + dynamic, header={"shoff": 0, "shnum": 0, "shstrndx": 0},
              segments=[e.segment(e.PT_DYNAMIC, start, start, len(dynamic), len(dynamic))])


# -- compression --------------------------------------------------------------------------------------------------------

def compressed(kind, size, payload):
    return struct.pack("<IIQQ", kind, 0, size, 1) + payload


@functools.cache
def zeros_zlib(n):
    c = zlib.compressobj(9)
    return b"".join(c.compress(bytes(MIB)) for _ in range(n // MIB)) + c.flush()


def long_run(piece, n, others=range(13, 255)):
    """n bytes, the piece over and over with another byte here and there: a ratio that real files may have too."""
    rng, most = random.Random(1), piece * max(1, 128 // len(piece))
    return b"".join(most + bytes([rng.choice(others)]) for _ in range(n // (len(most) + 1)))


def packed(name, content):
    return Section(name, compressed(e.COMPRESS_ZLIB, len(content), zlib.compress(content, 6)), flags=e.SHF_COMPRESSED)


@functools.cache
def zeros_zstd(n):
    """A frame by frame copy of 64 MiB of zeros."""
    one = subprocess.run(["zstd", "-19", "-c"], input=bytes(64 * MIB), capture_output=True, check=True).stdout
    return one * (n // (64 * MIB))


@variants(true=GIB, less=MIB, more=TIB, max=(1 << 64) - 1, zero=0)
def zlib_bomb(told):
    return of([Section(".debug_info", compressed(e.COMPRESS_ZLIB, told, zeros_zlib(GIB)), flags=e.SHF_COMPRESSED),
               Section(".debug_abbrev", ROOT + b"\0")])


@variants(true=8 * GIB, less=MIB, max=(1 << 64) - 1)
def zstd_bomb(told):
    return of([Section(".debug_info", compressed(e.COMPRESS_ZSTD, told, zeros_zstd(8 * GIB)), flags=e.SHF_COMPRESSED),
               Section(".debug_abbrev", ROOT + b"\0")])


@variants(kind0=0, kind3=3, kindmax=0xffffffff)
def compression(kind):
    return of([Section(".debug_info", compressed(kind, 100, bytes(100)), flags=e.SHF_COMPRESSED),
               Section(".debug_abbrev", ROOT + b"\0")])


@variants(zlib=zlib.compress, zstd=lambda data: subprocess.run(["zstd", "-c"], input=data, capture_output=True,
                                                               check=True).stdout)
def compressed_allocated(pack):
    """Sections that are loaded cannot be compressed, and say that they are."""
    payload = compressed(1 if pack is zlib.compress else 2, 1000, pack(bytes(1000)))
    return of([Section(n, payload, flags=e.SHF_COMPRESSED | 2, addr=TEXT) for n in
               (".eh_frame", ".symtab", ".strtab", ".gopclntab", ".gnu_debugdata", ".gnu_debuglink")])


@bomb
def zdebug_bomb():
    return of([Section(".zdebug_info", b"ZLIB" + struct.pack(">Q", GIB) + zeros_zlib(GIB)),
               Section(".zdebug_abbrev", b"ZLIB" + struct.pack(">Q", (1 << 64) - 1) + zlib.compress(ROOT + b"\0"))])


@bomb
def all_sections_compressed():
    """Each below every limit, all of them above."""
    payload = compressed(e.COMPRESS_ZLIB, 128 * MIB, zeros_zlib(128 * MIB))
    names = "info abbrev line str line_str str_offsets addr ranges rnglists aranges types cu_index".split()
    return of([Section(f".debug_{n}", payload, flags=e.SHF_COMPRESSED) for n in names])


@bomb
def half_the_memory_unpacked():
    """Just below what is made room for, and then a unit that needs as much."""
    dies = b"".join(b"\2" + code(TEXT + i * 7919 % 0xffff, i % 255) for i in range(1000)) * 8000
    abbrevs = ROOT + d.abbrev(2, d.TAG_subprogram, PC) + b"\0"
    return of([packed(".debug_info", d.unit_5(ROOT_DIE + dies + b"\0")), Section(".debug_abbrev", abbrevs)],
              text=bytes(MIB))


@functools.cache
def xz_zeros(n):
    c = lzma.LZMACompressor(preset=0)
    return b"".join(c.compress(bytes(MIB)) for _ in range(n // MIB)) + c.flush()


@bomb
def debugdata_bomb():
    return of([Section(".gnu_debugdata", xz_zeros(512 * MIB))])


@bomb
def debugdata_nested():
    data = build(symtab_sections([(b"f", TEXT, 64)]))
    for _ in range(20):
        data = build([Section(".gnu_debugdata", lzma.compress(data, preset=0))])
    return Bomb(data)


@bomb
def debugdata_dictionary():
    """A header that asks for a dictionary of 4 GiB."""
    filters = [{"id": lzma.FILTER_LZMA2, "dict_size": 1 << 30}]
    try:
        data = lzma.compress(b"x" * 100, format=lzma.FORMAT_XZ, filters=filters)
    except MemoryError:
        data = b"\xfd7zXZ\0" + bytes(50)
    return of([Section(".gnu_debugdata", data)])


# -- debug links --------------------------------------------------------------------------------------------------------

@variants(no_end=b"x" * 500, no_crc=b"name\0", empty=b"", dots=b"../../../../etc/shadow\0\0\0\0\0\0", long=b"y" * MIB + bytes(8),
          newline=b"a\n[h\0\0\0\0\0\1\2\3\4", slash=b"/\0\0\0\0\0\0\0", nul=bytes(8))
def debuglink(content):
    return Bomb(build([Section(".gnu_debuglink", content)]), sides=[build(d.sections(d.unit_5(ROOT_DIE + b"\0"),
                                                                                  ROOT + b"\0"))])


@bomb
def alt_cycle():
    """The alternative file speaks of itself as its alternative, and its names of names in it."""
    link = Section(".gnu_debugaltlink", b"alt\0" + bytes(range(20)))
    ident = Section(".note.gnu.build-id", e.note(3, b"GNU\0", bytes(range(20))), e.SHT_NOTE, flags=2)
    abbrevs = ROOT + d.abbrev(2, d.TAG_subprogram, [(d.AT_abstract_origin, d.FORM_GNU_ref_alt), *PC]) + \
        d.abbrev(3, d.TAG_subprogram, [(d.AT_name, d.FORM_GNU_strp_alt), *PC]) + b"\0"
    head = d.HEADER_5 + len(ROOT_DIE)
    dies = ROOT_DIE + b"\2" + struct.pack("<I", head) + code() + b"\3" + struct.pack("<I", 0xffffffff) + code() + b"\0"
    data = build([link, ident, *d.sections(d.unit_5(dies), abbrevs, str=b"\0")])
    return Bomb(data, sides=[data])


@bomb
def debug_file_is_itself():
    link = Section(".gnu_debuglink", b"self.debug\0\0" + bytes(4))
    ident = Section(".note.gnu.build-id", e.note(3, b"GNU\0", bytes(range(20))), e.SHT_NOTE, flags=2)
    data = build([link, ident])
    return Bomb(data, sides=[data] * 50)


@bomb
def many_candidates():
    """None of the files that lie where the debug info should be is it."""
    ident = Section(".note.gnu.build-id", e.note(3, b"GNU\0", bytes(range(20))), e.SHT_NOTE, flags=2)
    wrong = Section(".note.gnu.build-id", e.note(3, b"GNU\0", bytes(20)), e.SHT_NOTE, flags=2)
    sides = [b"", b"\x7fELF", bytes(100), build([wrong]), *[build([wrong, *d.sections(b"", b"")])] * 200]
    return Bomb(build([ident, Section(".gnu_debuglink", b"x.debug\0" + bytes(4))]), sides=sides)


# -- DIEs ---------------------------------------------------------------------------------------------------------------

def cycle(attribute, form, hops):
    """hops: for each subprogram the number of the one that it refers to."""
    abbrevs = ROOT + d.abbrev(2, d.TAG_subprogram, [(attribute, form), *PC]) + \
        d.abbrev(3, d.TAG_inlined_subroutine, [(d.AT_abstract_origin, d.FORM_ref4), *PC]) + b"\0"
    size, first = 1 + 4 + 12, d.HEADER_5 + len(ROOT_DIE)
    dies = ROOT_DIE + b"".join(b"\2" + struct.pack("<I", first + size * h) + code(TEXT + i % 64, 1)
                               for i, h in enumerate(hops))
    dies += b"".join(b"\3" + struct.pack("<I", first + size * (i % len(hops))) + code(TEXT + i % 64, 1)
                     for i in range(min(2000, len(hops))))
    return debug(d.unit_5(dies + b"\0"), abbrevs)


@variants(self=[0], two=[1, 0], long=[*range(1, 1000), 0], origin=[0], mid=[1, 2, 3, 1])
def specification_cycle(hops):
    return cycle(d.AT_specification, d.FORM_ref4, hops)


@variants(self=[0], two=[1, 0], chain=[*range(1, MANY), MANY - 1], ref_addr=[1, 2, 0])
def origin_cycle(hops):
    """The chain is quadratic for whoever follows it for each."""
    return cycle(d.AT_abstract_origin, d.FORM_ref_addr if len(hops) == 3 else d.FORM_ref4, hops)


@bomb
def import_cycle():
    abbrevs = d.abbrev(1, d.TAG_partial_unit, [(d.AT_name, d.FORM_string)], True) + \
        d.abbrev(2, d.TAG_imported_unit, [(d.AT_import, d.FORM_ref_addr)]) + b"\0"
    imports = b"".join(b"\2" + struct.pack("<I", d.HEADER_5 + i % 2 * 200) for i in range(1000))
    return debug(d.unit_5(b"\1a\0" + imports + b"\0", kind=3) * 2, abbrevs)


@variants(back=lambda at: 0, self=lambda at: at, forward=lambda at: 0xfffffff0)
def sibling(target):
    abbrevs = ROOT + d.abbrev(2, d.TAG_namespace, [(d.AT_sibling, d.FORM_ref4)], True) + b"\0"
    dies, at = bytearray(ROOT_DIE), d.HEADER_5 + len(ROOT_DIE)
    for i in range(1000):
        dies += b"\2" + struct.pack("<I", target(at + 5 * i))
    return debug(d.unit_5(bytes(dies)), abbrevs)


@variants(blocks=d.TAG_lexical_block, inlined=d.TAG_inlined_subroutine, functions=d.TAG_subprogram,
          spaces=d.TAG_namespace)
def depth(tag):
    """100,000 deep, each with its code."""
    abbrevs = ROOT + d.abbrev(2, d.TAG_subprogram, PC, True) + d.abbrev(3, tag, PC, True) + b"\0"
    dies = ROOT_DIE + b"\2" + code(size=64) + (b"\3" + code(size=64)) * MANY + bytes(MANY + 2)
    return debug(d.unit_5(dies), abbrevs)


def many_codes(tag, attributes, children=False):
    """Codes from 3 to 99 that all mean the same."""
    return ROOT + d.abbrev(2, d.TAG_subprogram, PC, True) + \
        b"".join(d.abbrev(i, tag, attributes, children) for i in range(3, 100)) + b"\0"


@bomb
def depth_compressed():
    """A hundred million deep."""
    info = d.unit_5(ROOT_DIE + b"\2" + code(size=64) + long_run(b"\3", 100 * MIB, range(3, 100)))
    return of([packed(".debug_info", info), Section(".debug_abbrev", many_codes(d.TAG_lexical_block, [], True))])


@bomb
def empty_dies():
    """A DIE a byte, without attributes: 160 million of them."""
    info = d.unit_5(ROOT_DIE + long_run(b"\3", 160 * MIB, range(3, 100)))
    return of([packed(".debug_info", info), Section(".debug_abbrev", many_codes(d.TAG_subprogram, []))])


@bomb
def inlined_per_byte():
    """An inlined call with code in three bytes: memory for each of 50 million."""
    dies = b"".join(b"\3\0" + bytes([1 + i * 7 % 251]) for i in range(1000)) * (50 * 1000)
    info = d.unit_5(ROOT_DIE + b"\2" + code(size=64) + dies + b"\0\0")
    abbrevs = many_codes(d.TAG_inlined_subroutine, [(d.AT_low_pc, d.FORM_addrx), (d.AT_high_pc, d.FORM_data1)])
    return of([packed(".debug_info", info), Section(".debug_abbrev", abbrevs),
               Section(".debug_addr", struct.pack("<IHBBQ", 12, 5, 8, 0, TEXT))])


@bomb
def million_attributes():
    abbrevs = ROOT + d.abbrev(2, d.TAG_subprogram, [(0x3fff, d.FORM_flag_present)] * 1000000) + b"\0"
    return debug(d.unit_5(ROOT_DIE + b"\2" * 1000000 + b"\0"), abbrevs)


@bomb
def attributes_without_bytes():
    """A DIE of one byte with 1,000 constants that take none."""
    abbrevs = ROOT + d.uleb(2) + d.uleb(d.TAG_subprogram) + b"\0" + (d.uleb(d.AT_call_line) + b"\x21\x07") * 1000 + b"\0\0\0"
    return debug(d.unit_5(ROOT_DIE + b"\2" * (4 * MIB) + b"\0"), abbrevs)


@bomb
def million_abbreviations():
    abbrevs = ROOT + b"".join(d.abbrev(i, d.TAG_subprogram, []) for i in range(2, 1000000)) + b"\0"
    return debug(d.unit_5(ROOT_DIE + b"".join(d.uleb(999999 - i) for i in range(1000)) + b"\0"), abbrevs)


@bomb
def million_units():
    return debug(d.unit_5(b"") * 1000000, ROOT + b"\0")


@bomb
def units_with_a_large_table():
    """Quadratic for whoever reads the abbreviations of each unit anew."""
    abbrevs = ROOT + b"".join(d.abbrev(i, d.TAG_subprogram, []) for i in range(2, 200000)) + b"\0"
    return debug(d.unit_5(ROOT_DIE + b"\0") * MANY, abbrevs)


@bomb
def units_with_many_tables():
    """A table for each, each the rest of one large one."""
    one = d.abbrev(1, d.TAG_compile_unit, [(d.AT_name, d.FORM_string)])
    abbrevs = one * MANY
    return debug(b"".join(d.unit_5(b"\1u\0", abbrev_offset=i * len(one)) for i in range(MANY)), abbrevs)


@bomb
def units_with_one_line_table():
    abbrevs = d.abbrev(1, d.TAG_compile_unit, [(d.AT_stmt_list, d.FORM_sec_offset), *PC]) + b"\0"
    line = d.line_table_5(d.set_address(TEXT) + b"\x14" * MIB + d.END_SEQUENCE)
    return debug(d.unit_5(b"\1" + bytes(4) + code(size=64)) * 50000, abbrevs, line=line)


@bomb
def units_with_one_range_list():
    abbrevs = d.abbrev(1, d.TAG_compile_unit, [(d.AT_ranges, d.FORM_sec_offset)], True) + \
        d.abbrev(2, d.TAG_subprogram, [(d.AT_ranges, d.FORM_sec_offset)]) + b"\0"
    ranges = struct.pack("<QQ", TEXT, TEXT + 1) * MANY + bytes(16)
    return debug(d.unit_4(b"\1" + bytes(4) + (b"\2" + bytes(4)) * MANY + b"\0"), abbrevs, ranges=ranges)


@bomb
def units_with_one_long_name():
    abbrevs = ROOT + d.abbrev(2, d.TAG_subprogram, [(d.AT_name, d.FORM_strp), (d.AT_linkage_name, d.FORM_strp), *PC]) + b"\0"
    dies = b"".join(b"\2" + struct.pack("<II", i, i + 1) + code(TEXT + i % 64, 1) for i in range(MANY))
    return debug(d.unit_5(ROOT_DIE + dies + b"\0"), abbrevs, str=b"_ZN" + b"n" * (16 * MIB) + b"\0")


@bomb
def name_without_end():
    abbrevs = ROOT + d.abbrev(2, d.TAG_subprogram, [(d.AT_name, d.FORM_string), *PC]) + b"\0"
    return debug(d.unit_5(ROOT_DIE + b"\2" + b"n" * (16 * MIB)), abbrevs)


@variants(length0={"length": 0}, dwarf64={"length": 0xffffffff}, reserved={"length": 0xfffffff5}, max={"length": 0xffffffef},
          version0={"version": 0}, version6={"version": 6}, address0={"address_bytes": 0}, address255={"address_bytes": 255},
          address1={"address_bytes": 1}, abbrev={"abbrev_offset": 0xffffffff})
def unit(fields):
    both = [make(ROOT_DIE + b"\0", **{**({"version": v} if "version" not in fields else {}), **fields})
            for make, v in ((d.unit_4, 4), (d.unit_5, 5), (d.unit_4, 2))]
    return debug(b"".join(both) + d.unit_5(ROOT_DIE + b"\0"), ROOT + b"\0")


@variants(**{f"form{form:x}": form for form in (0, 2, 0x0a, 0x03, 4, 9, 0x18, 0x16, 0x1a, 0x1b, 0x22, 0x23, 0x20, 0x21,
                                                0x25, 0x28, 0x2c, 0x1f01, 0x1f02, 0x1f20, 0x1f21, 0x7fffffff)})
def form(number):
    """Each form for a name, an origin and ranges, with bytes that mean the largest number."""
    abbrevs = ROOT + b"".join(d.abbrev(2 + i, d.TAG_subprogram, [(attribute, number), *PC]) for i, attribute in
                              enumerate((d.AT_name, d.AT_abstract_origin, d.AT_ranges, d.AT_stmt_list))) + b"\0"
    dies = b"".join(bytes([2 + i]) + fill + code() for i in range(4) for fill in
                    (b"\xff" * 9 + b"\1", b"\xff" * 4, bytes(8), b"\xff\xff\xff\x7f"))
    return debug(d.unit_5(ROOT_DIE + dies + b"\0"), abbrevs, str=b"s\0", addr=bytes(16), rnglists=bytes(20),
                 str_offsets=bytes(16), line=d.line_table_5(b""), line_str=b"l\0")


@bomb
def indirect_chain():
    abbrevs = ROOT + d.abbrev(2, d.TAG_subprogram, [(d.AT_name, d.FORM_indirect)]) + b"\0"
    return debug(d.unit_5(ROOT_DIE + b"\2" + bytes([d.FORM_indirect]) * MIB + b"\0"), abbrevs)


@bomb
def leb_without_end():
    abbrevs = ROOT + d.abbrev(2, d.TAG_subprogram, [(d.AT_call_line, d.FORM_udata)]) + b"\0"
    return debug(d.unit_5(ROOT_DIE + b"\2" + b"\x80" * MIB), abbrevs + b"\x80" * MIB)


@variants(base=lambda: (b"\1\0" * MIB), pairs=lambda: (b"\4\0\1" * MIB), huge=lambda: b"\7" + bytes(8) + b"\xff" * 9 + b"\1",
          offsets=lambda: struct.pack("<I", 0xffffffff) * 1000, none=lambda: b"", unknown=lambda: b"\x42" * 100,
          backwards=lambda: (b"\6" + struct.pack("<QQ", TEXT + 64, TEXT)) * 1000,
          all=lambda: (b"\6" + struct.pack("<QQ", 0, (1 << 64) - 1)) * 100000)
def range_list(make):
    abbrevs = d.abbrev(1, d.TAG_compile_unit, [(d.AT_addr_base, d.FORM_sec_offset), (d.AT_rnglists_base, d.FORM_sec_offset),
                                             (d.AT_ranges, d.FORM_rnglistx)], True) + \
        d.abbrev(2, d.TAG_subprogram, [(d.AT_ranges, d.FORM_sec_offset)]) + \
        d.abbrev(3, d.TAG_subprogram, [(d.AT_ranges, d.FORM_rnglistx)]) + b"\0"
    content = make()
    lists = struct.pack("<IHBBII", 12 + len(content), 5, 8, 0, 1, 4) + content
    dies = b"\1" + struct.pack("<II", 8, 12) + b"\0" + b"".join(b"\2" + struct.pack("<I", at) for at in range(12, 40)) + \
        b"\3\0\3\1\3" + d.uleb((1 << 64) - 1) + b"\3" + d.uleb(1 << 62)
    return debug(d.unit_5(dies + b"\0"), abbrevs, rnglists=lists, addr=struct.pack("<IHBBQ", 12, 5, 8, 0, TEXT))


@bomb
def scopes_times_ranges():
    """Nested scopes, each with the same long list: every range belongs to every scope."""
    abbrevs = d.abbrev(1, d.TAG_compile_unit, PC, True) + \
        d.abbrev(2, d.TAG_inlined_subroutine, [(d.AT_ranges, d.FORM_sec_offset)], True) + b"\0"
    ranges = b"".join(struct.pack("<QQ", TEXT + i * 2, TEXT + i * 2 + 1) for i in range(20000)) + bytes(16)
    dies = b"\1" + code(size=1 << 20) + (b"\2" + bytes(4)) * 20000 + bytes(20001)
    return of(d.sections(d.unit_4(dies), abbrevs, ranges=ranges), text=bytes(MIB))


@bomb
def crossing_scopes():
    """Each scope starts one byte behind the one before and ends one behind its end; none lies in another."""
    abbrevs = ROOT + d.abbrev(2, d.TAG_subprogram, PC, False) + b"\0"
    dies = b"".join(b"\2" + code(TEXT + i, 500000) for i in range(500000))
    return of(d.sections(d.unit_5(ROOT_DIE + dies + b"\0"), abbrevs), text=bytes(MIB))


@bomb
def whole_space():
    abbrevs = ROOT + d.abbrev(2, d.TAG_subprogram, [(d.AT_low_pc, d.FORM_addr), (d.AT_high_pc, d.FORM_data8)], True) + \
        d.abbrev(3, d.TAG_subprogram, [(d.AT_low_pc, d.FORM_addr), (d.AT_high_pc, d.FORM_addr)]) + b"\0"
    most = (1 << 64) - 1
    dies = b"".join(b"\2" + struct.pack("<QQ", low, size) + b"\3" + struct.pack("<QQ", low, high) + b"\0"
                    for low, size, high in itertools.product((0, 1, TEXT, most), (0, 1, most), (0, TEXT, most)))
    return debug(d.unit_5(ROOT_DIE + dies + b"\0"), abbrevs)


# -- split units --------------------------------------------------------------------------------------------------------

def skeletons(n, name=lambda i: b"u%d.dwo" % i):
    abbrevs = d.abbrev(1, 0x4a, [(d.AT_dwo_name, d.FORM_string), (d.AT_comp_dir, d.FORM_string), *PC]) + b"\0"
    units = b"".join(d.unit_5(b"\1" + name(i) + b"\0/tmp\0" + code(TEXT + i % 64, 1), kind=d.UT_skeleton,
                              extra=struct.pack("<Q", i)) for i in range(n))
    return build(d.sections(units, abbrevs))


@bomb
def missing_dwo():
    return Bomb(skeletons(MANY))


@bomb
def wrong_dwo():
    return Bomb(skeletons(200), sides=[build([Section(".debug_info.dwo", b"")]), b"", skeletons(1)])


@variants(dots=b"../../../../../../etc/shadow", long=b"d" * MIB, dev=b"/dev/zero", empty=b"", newline=b"\n\r\x1b[2J")
def dwo_name(name):
    return Bomb(skeletons(3, lambda i: name))


@bomb
def dwo_in_dwo():
    """A split unit that is a skeleton itself."""
    data = skeletons(3)
    inner = e.Image(data)
    inside = build([Section(".debug_info.dwo", inner.content(".debug_info")),
                    Section(".debug_abbrev.dwo", inner.content(".debug_abbrev"))])
    return Bomb(data, sides=[inside] * 4)


@variants(slots=(2, 8, 1, 0xffffffff), units=(2, 8, 0xffffffff, 16), odd=(2, 8, 1, 7), columns=(2, 0xffffffff, 1, 16),
          zero=(2, 0, 0, 0), version=(9, 8, 1, 16), full=(2, 1, 16, 16))
def package(head):
    """.debug_cu_index: version, columns, units, slots; all slots taken by others: a search that never ends."""
    index = struct.pack("<IIII", *head) + struct.pack("<Q", 0x1234567) * 16 + struct.pack("<I", 1) * 16 + \
        struct.pack("<III", 1, 0xfffffff0, 0xffffffff) * 100
    dwp = build([Section(".debug_cu_index", index), Section(".debug_info.dwo", d.unit_5(ROOT_DIE + b"\0")),
                 Section(".debug_abbrev.dwo", ROOT + b"\0")])
    return Bomb(skeletons(100), sides=[dwp])


# -- lines --------------------------------------------------------------------------------------------------------------

def lines(table, n=1, **more):
    abbrevs = d.abbrev(1, d.TAG_compile_unit, [(d.AT_stmt_list, d.FORM_sec_offset), *PC], True) + b"\0"
    info = d.unit_5(b"\1" + bytes(4) + code(size=64) + b"\0") * n
    return d.sections(info, abbrevs, **({"line": table} if table else {}), **more)


@variants(special=b"\x14", copy=b"\1", advance=b"\x08", set_file=b"\4\1", sequences=d.END_SEQUENCE,
          addresses=d.set_address(TEXT), starts=d.set_address(TEXT) + b"\1" + d.END_SEQUENCE)
def line_rows(piece):
    """128 MiB of line program, a row a byte where it can be."""
    return of([*lines(b""), packed(".debug_line", d.line_table_5(d.set_address(TEXT) + long_run(piece, 128 * MIB)))])


@bomb
def line_rows_zeros():
    """512 MiB, packed as nothing that a compiler makes is."""
    table = d.line_table_5(d.set_address(TEXT) + b"\x14" * (512 * MIB))
    return of([*lines(b""), packed(".debug_line", table)])


@bomb
def line_rows_descending():
    """Sequences in the wrong order, each overlapping the others."""
    program = b"".join(d.set_address(TEXT + i) + b"\x14" * 50 + d.END_SEQUENCE for i in range(40000, 0, -1))
    return of(lines(d.line_table_5(program)), text=bytes(MIB))


@variants(range0={"line_range": 0}, base0={"opcode_base": 0}, base1={"opcode_base": 1}, base255={"opcode_base": 255},
          inst0={"min_inst": 0}, inst255={"min_inst": 255}, ops0={"max_ops": 0}, ops255={"max_ops": 255},
          length0={"length": 0}, length64={"length": 0xffffffff}, header0={"header_length": 0},
          header={"header_length": 0xffffffff}, version0={"version": 0}, version1={"version": 1}, version9={"version": 9},
          files={"files": b"f\0\0\0\0" * MANY + b"\0"}, no_end={"files": b"f" * MIB},
          dir={"files": b"f\0" + d.uleb((1 << 64) - 1) + b"\0\0\0"})
def line_header(fields):
    program = d.set_address(TEXT) + bytes(range(1, 256)) * 4 + d.END_SEQUENCE
    return of(lines(d.line_table_4(program, **fields)))


@variants(no_bytes=dict(dir_format=b"\0", dirs=d.uleb((1 << 32) - 1)), no_bytes_64=dict(file_format=b"\0", files=d.uleb((1 << 63))),
          wide=dict(dir_format=b"\xff" + b"\1\x08" * 255, dirs=d.uleb(1 << 40) + b"\0" * 300000),
          implicit=dict(file_format=b"\1\1\x19", files=d.uleb(1 << 40)), block=dict(file_format=b"\1\1\x09", files=b"\1" + b"\xff" * 9 + b"\1"),
          strp=dict(file_format=b"\1\1\x0e", files=b"\4" + b"\xff" * 16), index=dict(file_format=b"\2\1\x08\2\x0f",
                                                                                     files=b"\1f\0" + b"\xff" * 9 + b"\1"),
          md5=dict(file_format=b"\1\5\x1e", files=d.uleb(1 << 33) + bytes(64)),
          million=dict(file_format=b"\2\1\x08\2\x0b", files=d.uleb(1000000) + b"f\0\0" * 1000000))
def line_files(parts):
    return of(lines(d.line_table_5(d.set_address(TEXT) + b"\x14" * 50 + d.END_SEQUENCE, **parts)))


@bomb
def files_times_units():
    """A million names of files, for each unit anew."""
    return of(lines(d.line_table_5(b"", file_format=b"\2\1\x08\2\x0b", files=d.uleb(200000) + b"f\0\0" * 200000), n=20000))


@bomb
def long_directory():
    """Each of 100,000 files lies in the same directory, whose name is 1 MiB: 100 GB of paths."""
    return of(lines(d.line_table_5(d.set_address(TEXT) + b"\x14" * 50 + d.END_SEQUENCE, dirs=b"\1/" + b"d" * MIB + b"\0",
                                   file_format=b"\2\1\x08\2\x0b",
                                   files=d.uleb(MANY) + b"".join(b"f%d\0\0" % i for i in range(MANY)))))


@variants(extended=b"\0\xff\xff\xff\xff\xff\xff\xff\xff\xff\1\2", zero=b"\0\0" * 1000, short_address=b"\0\2\2\0" * 100,
          long_address=b"\0\xff\1\2" + bytes(255), define=b"\0\x7f\3" + b"f" * 200, advance=b"\2" + b"\xff" * 9 + b"\1",
          line=b"\3" + b"\x80" * 9 + b"\x7f\1" * 100, fixed=b"\x09\xff\xff" * 1000, file=b"\4" + b"\xff" * 9 + b"\1\1",
          wrap=d.set_address((1 << 64) - 4) + b"\x14" * 100 + d.END_SEQUENCE, discriminator=b"\0\x0a\4" + b"\xff" * 9)
def line_program(program):
    return of(lines(d.line_table_5(d.set_address(TEXT) + program + b"\1" + d.END_SEQUENCE)))


# -- what else is read --------------------------------------------------------------------------------------------------

@variants(length=struct.pack("<IHIBB", 0xffffffff, 2, 0, 8, 0), zero=struct.pack("<IHIBB", 8, 2, 0, 0, 0) * 1000,
          address=struct.pack("<IHIBB", 100, 2, 0, 255, 255) + bytes(92), segment=struct.pack("<IHIBB", 100, 2, 0, 8, 8) + bytes(92),
          unit=struct.pack("<IHIBB", 44, 2, 0xffffffff, 8, 0) + bytes(4) + struct.pack("<QQ", TEXT, 64) + bytes(16),
          empty=struct.pack("<IHIBB", 12, 2, 0, 8, 0) + bytes(4))
def aranges(content):
    return debug(d.unit_5(ROOT_DIE + b"\0"), ROOT + b"\0", aranges=content)


@bomb
def many_aranges():
    one = struct.pack("<IHIBB", 8 + 4 + 16 * 1001, 2, 0, 8, 0) + bytes(4) + struct.pack("<QQ", TEXT, 1 << 40) * 1000 + bytes(16)
    return debug(d.unit_5(ROOT_DIE + b"\0"), ROOT + b"\0", aranges=one * 500)


def cie(augmentation=b"zR\0", program=b"\x0c\x07\x08\x90\x01"):
    body = struct.pack("<IB", 0, 1) + augmentation + b"\1\x78\x10\1\x1b" + program
    body += bytes(-len(body) % 8)
    return struct.pack("<I", len(body)) + body


def fde(at, start, size, program=b"", cie_at=0):
    body = struct.pack("<IiIB", at + 4 - cie_at, start, size, 0) + program
    body += bytes(-len(body) % 8)
    return struct.pack("<I", len(body)) + body


@variants(augmentation=cie(b"zRRRRRR" * 1000)[:500], no_end=cie()[:4] + struct.pack("<IB", 0, 1) + b"z" * MIB,
          remember=cie(program=b"\x0a" * MIB), restore=cie(program=b"\x0b" * 1000), self=struct.pack("<II", 12, 4) + bytes(8),
          length0=bytes(4) * MIB, length64=b"\xff" * 4 + b"\xff" * 8, max=b"\xf0\xff\xff\xff" + bytes(100),
          expressions=cie(program=b"\x0f" + d.uleb(1 << 20) + b"\x12" * MIB),
          advances=cie() + fde(24, 0x100, 0xffffffff, b"\x41\x0e\x10\x41\x0e\x08" * 200000),
          registers=cie(program=b"\x05" + d.uleb((1 << 64) - 1) + b"\1" + b"\x09" + d.uleb(1 << 40) + d.uleb(1 << 41)))
def eh_frame(content):
    return of([Section(".eh_frame", content, flags=2, addr=TEXT + 0x100)])


@bomb
def many_fdes():
    content, first = bytearray(cie()), len(cie())
    for i in range(300000):
        content += fde(len(content), -len(content) - 8 - 0x100 + i % 64, 64)
    assert first
    return of([Section(".eh_frame", bytes(content), flags=2, addr=TEXT + 0x100)])


def pclntab(magic=0xfffffff1, n_functions=1, n_files=0, offsets=(0x60, 0x60, 0x60, 0x60, 0x60), table=b"", min_lc=1, pointer=8):
    head = struct.pack("<IBBBBQQQ", magic, 0, 0, min_lc, pointer, n_functions, n_files, TEXT)
    return head + struct.pack("<5Q", *offsets) + bytes(0x60 - len(head) - 40) + table


@variants(functions={"n_functions": (1 << 32) - 1}, max={"n_functions": (1 << 64) - 1}, million={"n_functions": 1000000, "table": bytes(8 * MIB)},
          files={"n_files": (1 << 32) - 1}, offsets={"offsets": [(1 << 64) - 1] * 5}, same={"offsets": [0] * 5},
          old={"magic": 0xfffffffb}, go116={"magic": 0xfffffffa}, go118={"magic": 0xfffffff0}, pointer={"pointer": 0}, lc={"min_lc": 0},
          ones={"table": b"\xff" * 4096, "n_functions": 100}, zeros={"table": bytes(4096), "n_functions": 100})
def go_table(fields):
    return of([Section(".gopclntab", pclntab(**fields), flags=2, addr=TEXT + 0x100),
               Section(".go.buildinfo", b"\xff Go buildinf:\x08\2" + bytes(16) + b"\x08go1.21.5\0", flags=2)])


@bomb
def go_steps_without_end():
    """Every function has the same pc table: a million steps that advance by nothing much."""
    n = 20000
    steps = b"\2\1" * MIB + b"\0"
    functab = b"".join(struct.pack("<II", i, 8 * (n + 1)) for i in range(n)) + struct.pack("<I", n)
    function = struct.pack("<IiiIIIIIiBBBB", 0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 0, 3) + bytes(64)
    table = functab + bytes(8 * (n + 1) - len(functab)) + function
    return of([Section(".gopclntab", pclntab(n_functions=n, offsets=(0x60, 0x60, 0x60, 0x60 + len(table), 0x60),
                                             table=table + steps), flags=2, addr=TEXT + 0x100)], text=bytes(n))


def write(folder, name):
    """Lays the bomb of that name into a folder."""
    made = ALL[name]()
    path = os.path.join(folder, f"bomb-{name}")
    with open(path, "wb") as f:
        f.write(made.data)
        if made.sparse:
            f.truncate(made.sparse)
    for i, side in enumerate(made.sides):
        os.makedirs(path + ".side", exist_ok=True)
        with open(os.path.join(path + ".side", f"{i:03}"), "wb") as f:
            f.write(side)
    return path
