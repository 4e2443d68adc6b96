# SPDX-License-Identifier: Apache-2.0
"""ELF files as bytes that can be changed where it hurts: Image takes one apart, build() makes one."""
import struct

MACHINE_X86_64 = 62
ET_DYN = 3
PT_LOAD, PT_DYNAMIC, PT_NOTE = 1, 2, 4
SHT_PROGBITS, SHT_SYMTAB, SHT_STRTAB, SHT_NOTE, SHT_NOBITS, SHT_DYNSYM = 1, 2, 3, 7, 8, 11
SHF_ALLOC, SHF_EXECINSTR, SHF_COMPRESSED = 2, 4, 0x800
COMPRESS_ZLIB, COMPRESS_ZSTD = 1, 2
TEXT_ADDR = 0x1000

# (name, offset, size) in the structures of ELF64 (gABI)
EHDR = [("type", 16, 2), ("machine", 18, 2), ("version", 20, 4), ("entry", 24, 8), ("phoff", 32, 8), ("shoff", 40, 8),
        ("flags", 48, 4), ("ehsize", 52, 2), ("phentsize", 54, 2), ("phnum", 56, 2), ("shentsize", 58, 2),
        ("shnum", 60, 2), ("shstrndx", 62, 2), ("class", 4, 1), ("data", 5, 1)]
PHDR = [("type", 0, 4), ("flags", 4, 4), ("offset", 8, 8), ("vaddr", 16, 8), ("paddr", 24, 8), ("filesz", 32, 8),
        ("memsz", 40, 8), ("align", 48, 8)]
SHDR = [("name", 0, 4), ("type", 4, 4), ("flags", 8, 8), ("addr", 16, 8), ("offset", 24, 8), ("size", 32, 8),
        ("link", 40, 4), ("info", 44, 4), ("addralign", 48, 8), ("entsize", 56, 8)]
SYM = [("name", 0, 4), ("info", 4, 1), ("other", 5, 1), ("shndx", 6, 2), ("value", 8, 8), ("size", 16, 8)]
FORMATS = {1: "<B", 2: "<H", 4: "<I", 8: "<Q"}


class Image:
    """Of a well-formed ELF64 file: where its headers and sections lie. `data` may be changed at will."""

    def __init__(self, data):
        self.data = bytearray(data)
        phoff, shoff = self.number(32, 8), self.number(40, 8)
        phentsize, phnum, shentsize, shnum, shstrndx = (self.number(o, 2) for o in (54, 56, 58, 60, 62))
        self.phdrs = [phoff + i * phentsize for i in range(phnum)]
        self.shdrs = [shoff + i * shentsize for i in range(shnum)]
        names = self.number(self.shdrs[shstrndx] + 24, 8) if shnum else 0
        self.sections = {}  # name: offset of its header, in the order of the file
        for header in self.shdrs[1:]:
            at = names + self.number(header, 4)
            self.sections[bytes(self.data[at:self.data.index(0, at)]).decode()] = header

    def number(self, at, size):
        return struct.unpack_from(FORMATS[size], self.data, at)[0]

    def put(self, at, size, value):
        struct.pack_into(FORMATS[size], self.data, at, value & (1 << 8 * size) - 1)

    def extent(self, name):
        """(offset, size) of a section's bytes; (0, 0): it has none."""
        header = self.sections.get(name)
        if header is None or self.number(header + 4, 4) == SHT_NOBITS:
            return 0, 0
        return self.number(header + 24, 8), self.number(header + 32, 8)

    def content(self, name):
        at, size = self.extent(name)
        return bytes(self.data[at:at + size])

    def is_compressed(self, name):
        return bool(self.number(self.sections[name] + 8, 8) & SHF_COMPRESSED)

    def replace(self, name, content):
        """Other bytes for a section, at the end of the file."""
        header = self.sections[name]
        self.put(header + 24, 8, len(self.data))
        self.put(header + 32, 8, len(content))
        self.data += content


class Section:
    def __init__(self, name, data=b"", kind=SHT_PROGBITS, **fields):
        """fields: of SHDR, whatever the truth may be."""
        self.name, self.data, self.kind, self.fields = name, data, kind, fields


def symbol(name_at, addr, size, info=0x12, shndx=1):
    return struct.pack("<IBBHQQ", name_at, info, 0, shndx, addr, size)


def symbol_table(entries):
    """(.symtab, .strtab) of [(name, address, size)]"""
    strings, table = bytearray(b"\0"), bytearray(symbol(0, 0, 0, 0, 0))
    for name, addr, size in entries:
        table += symbol(len(strings), addr, size)
        strings += name + b"\0"
    return bytes(table), bytes(strings)


def symtab_sections(entries, **fields):
    """fields: of the .symtab's header."""
    table, strings = symbol_table(entries)
    return [Section(".symtab", table, SHT_SYMTAB, **{"link": ".strtab", "info": 1, "entsize": 24, **fields}),
            Section(".strtab", strings, SHT_STRTAB)]


def note(kind, name, desc, namesz=None, descsz=None):
    pad = lambda b: b + bytes(-len(b) % 4)
    return struct.pack("<III", len(name) if namesz is None else namesz, len(desc) if descsz is None else descsz,
                       kind) + pad(name) + pad(desc)


def segment(kind, offset, vaddr, filesz, memsz, flags=5):
    return struct.pack("<IIQQQQQQ", kind, flags, offset, vaddr, vaddr, filesz, memsz, 0x1000)


def build(sections=(), text=b"\xc3" * 64, segments=(), header=None):
    """A library with .text at TEXT_ADDR and these sections. segments: more program headers; header: fields of EHDR that
    are to have other values."""
    sections = [Section("", kind=0), Section(".text", text, flags=SHF_ALLOC | SHF_EXECINSTR, addr=TEXT_ADDR)] + \
        list(sections) + [Section(".shstrtab", kind=SHT_STRTAB)]
    names, name_at = bytearray(), []
    for s in sections:
        name_at.append(len(names))
        names += s.name.encode() + b"\0"
    sections[-1].data = bytes(names)
    segments = [segment(PT_LOAD, TEXT_ADDR, TEXT_ADDR, len(text), len(text))] + list(segments)
    assert 64 + 56 * len(segments) <= TEXT_ADDR
    body, offsets = bytearray(), []
    for s in sections:
        body += bytes(-len(body) % 16)
        offsets.append(TEXT_ADDR + len(body) if s.kind else 0)
        if s.name == ".text":
            body, offsets[-1] = bytearray(s.data), TEXT_ADDR
        elif s.kind:
            body += s.data
    body += bytes(-len(body) % 16)
    index = {s.name: i for i, s in enumerate(sections)}
    headers = bytearray()
    for s, name, offset in zip(sections, name_at, offsets):
        values = {"name": name, "type": s.kind, "offset": offset, "size": len(s.data), "addralign": 1, **s.fields}
        if isinstance(values.get("link"), str):
            values["link"] = index[values["link"]]
        headers += struct.pack("<IIQQQQIIQQ", *(values.get(field, 0) for field, _, _ in SHDR))
    out = bytearray(64)
    values = {"type": ET_DYN, "machine": MACHINE_X86_64, "version": 1, "phoff": 64, "shoff": TEXT_ADDR + len(body),
              "ehsize": 64, "phentsize": 56, "phnum": len(segments), "shentsize": 64, "shnum": len(sections),
              "shstrndx": len(sections) - 1, "class": 2, "data": 1, **(header or {})}
    out[:7] = b"\x7fELF\2\1\1"
    for field, at, size in EHDR:
        struct.pack_into(FORMATS[size], out, at, values.get(field, 0))
    out += b"".join(segments)
    return bytes(out.ljust(TEXT_ADDR, b"\0") + body + headers)
