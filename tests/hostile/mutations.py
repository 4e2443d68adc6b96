# SPDX-License-Identifier: Apache-2.0
"""Structured damage: each mutation knows one kind of structure and puts a value into it that hurts. The same random
sequence gives the same file."""
import struct

import elf_image
from dwarf_bytes import Attributes

EDGES = [0, 1, 2, 3, 7, 8, 0x7f, 0x80, 0xff, 0x100, 0x7fff, 0xffff, 0x10000, 0x7fffffff, 0x80000000, 0xfffffff0,
         0xffffffff, 1 << 32, 1 << 40, (1 << 63) - 1, 1 << 63, (1 << 64) - 8, (1 << 64) - 1]
WORDS = [b"\0", b"\xff", b"\x7f", b"\x80", b"\xff\xff\xff\xff", b"\xff\xff\xff\xff\xff\xff\xff\xff", b"\x80" * 9 + b"\1",
         b"\xff" * 10, b"\0" * 16, b"\x80" * 64, b"\xff" * 64]
LARGEST = 8 << 20  # files that grow by mutation stop there
TRIES = 50
FEW = 3  # mutations a file, at most; one alone is what parsers look for least, so it is the most frequent


def value(rng, image, was):
    """A number for a field that was `was`."""
    return rng.choice([rng.choice(EDGES), rng.choice(EDGES), was + 1, was - 1, was ^ 1 << rng.randrange(32), was * 2,
                       len(image.data), len(image.data) - 1, rng.randrange(len(image.data) + 1),
                       rng.getrandbits(64)])


def field(rng, image, base, fields):
    _, at, size = rng.choice(fields)
    if base + at + size <= len(image.data):
        image.put(base + at, size, value(rng, image, image.number(base + at, size)))


def ehdr(rng, image):
    field(rng, image, 0, elf_image.EHDR)


def phdr(rng, image):
    if image.phdrs:
        field(rng, image, rng.choice(image.phdrs), elf_image.PHDR)


def shdr(rng, image):
    if image.shdrs:
        field(rng, image, rng.choice(image.shdrs), elf_image.SHDR)


def debug_shdr(rng, image):
    names = [n for n in image.sections if n.startswith((".debug", ".zdebug", ".symtab", ".strtab", ".gnu_debug", ".go"))]
    if names:
        field(rng, image, image.sections[rng.choice(names)], elf_image.SHDR)


def swap_sections(rng, image):
    """The bytes of one where those of another should be."""
    if len(image.shdrs) > 2:
        a, b = (rng.choice(image.shdrs[1:]) for _ in range(2))
        at, size = rng.choice([(4, 4), (24, 8), (24, 16), (40, 4)])
        image.data[b + at:b + at + size] = image.data[a + at:a + at + size]


def symtab(rng, image):
    at, size = image.extent(rng.choice([".symtab", ".dynsym"]))
    if size >= 24:
        field(rng, image, at + rng.randrange(size // 24) * 24, elf_image.SYM)


def notes(rng, image):
    names = [n for n in image.sections if n.startswith(".note") and image.extent(n)[1] >= 12]
    if names:
        field(rng, image, image.extent(rng.choice(names))[0],
              [("namesz", 0, 4), ("descsz", 4, 4), ("type", 8, 4)])


def chdr(rng, image):
    """The header in front of a compressed section's bytes, or those."""
    names = [n for n in image.sections if image.is_compressed(n) and image.extent(n)[1] > 24]
    if not names:
        return
    at, size = image.extent(rng.choice(names))
    if rng.random() < 0.5:
        field(rng, image, at, [("type", 0, 4), ("size", 8, 8), ("addralign", 16, 8)])
    else:
        image.data[at + 24 + rng.randrange(size - 24)] ^= 1 << rng.randrange(8)


def damage(rng, image, name):
    """A section's bytes, whatever they mean."""
    at, size = image.extent(name)
    if not size:
        return
    here = at + rng.randrange(size)
    kind = rng.randrange(6)
    if kind == 0:
        image.data[here] ^= 1 << rng.randrange(8)
    elif kind == 1:
        word = rng.choice(WORDS)[:at + size - here]
        image.data[here:here + len(word)] = word
    elif kind == 2:  # cut
        image.put(image.sections[name] + 32, 8, here - at)
    elif kind == 3:  # what follows is no longer where it was
        content = image.content(name)
        cut = rng.randrange(size)
        image.replace(name, content[:cut] + rng.choice(WORDS) + content[cut:])
    elif kind == 4:
        content = image.content(name)
        image.replace(name, content[:here - at] + content[here - at + rng.randrange(1, 9):])
    elif size <= LARGEST // 4:
        piece = image.content(name)
        image.replace(name, piece * rng.randrange(2, 4))


def of_section(*names):
    def mutate(rng, image):
        present = [n for n in names if image.extent(n)[1]]
        if present:
            damage(rng, image, rng.choice(present))
    mutate.__name__ = names[0].strip(".")
    return mutate


def attribute(rng, image):
    """One attribute of one DIE: another unit's, another DIE, itself, nowhere."""
    if ".debug_info" not in image.sections or image.is_compressed(".debug_info"):
        return
    if not hasattr(image, "attributes"):
        try:
            image.attributes = Attributes(image.content(".debug_info"), image.content(".debug_abbrev"))
        except (IndexError, KeyError, ValueError):  # damaged by another mutation before
            return
    found = [f for f in image.attributes.found if f[3] > 0]
    if not found:
        return
    # References, ranges and pointers to other sections do more harm than names and types.
    harmful = [f for f in found if f[0] in (0x10, 0x11, 0x12, 0x31, 0x47, 0x55, 0x18, 0x72, 0x73, 0x74, 0x01, 0x76)]
    _, _, at, size = rng.choice(harmful if harmful and rng.random() < 0.7 else found)
    base = image.extent(".debug_info")[0]
    if size not in elf_image.FORMATS:
        image.data[base + at] ^= 1 << rng.randrange(8)
        return
    was = image.number(base + at, size)
    image.put(base + at, size, rng.choice([value(rng, image, was), at, rng.choice(found)[2],
                                           rng.choice(image.attributes.units)]))


def unit_header(rng, image):
    name = rng.choice([".debug_info", ".debug_line", ".debug_rnglists", ".debug_aranges", ".debug_str_offsets",
                       ".debug_addr", ".debug_cu_index"])
    at, size = image.extent(name)
    if size >= 32:  # the first unit's, byte by byte: versions, sizes and counts lie side by side
        image.data[at + rng.randrange(32)] = rng.choice([0, 1, 2, 4, 5, 8, 0x7f, 0x80, 0xff])


def cut(rng, image):
    del image.data[rng.randrange(len(image.data)):]


def noise(rng, image):
    for _ in range(rng.randrange(1, 50)):
        image.data[rng.randrange(len(image.data))] = rng.getrandbits(8)


ALL = [ehdr, phdr, shdr, debug_shdr, debug_shdr, swap_sections, symtab, notes, chdr, attribute, attribute, attribute,
       unit_header, unit_header, cut, noise,
       of_section(".strtab", ".dynstr", ".shstrtab", ".debug_str", ".debug_line_str"),
       of_section(".debug_info", ".zdebug_info"), of_section(".debug_abbrev"),
       of_section(".debug_line", ".zdebug_line"), of_section(".debug_line"),
       of_section(".debug_ranges", ".debug_rnglists", ".debug_rnglists.dwo"), of_section(".debug_aranges"),
       of_section(".debug_str_offsets", ".debug_str_offsets.dwo", ".debug_addr"),
       of_section(".debug_info.dwo", ".debug_abbrev.dwo", ".debug_line.dwo"),
       of_section(".debug_cu_index", ".debug_tu_index", ".debug_types"),
       of_section(".eh_frame", ".eh_frame_hdr", ".debug_frame"), of_section(".eh_frame"),
       of_section(".gopclntab", ".go.buildinfo", ".go.module", ".data", ".noptrdata", ".rodata"),
       of_section(".gopclntab"),
       of_section(".gnu_debuglink", ".gnu_debugaltlink", ".gnu_debugdata"),
       of_section(".plt", ".rela.plt", ".dynamic", ".gnu.hash", ".hash", ".plt.sec")]


def mutated(rng, data):
    """(bytes, names of the mutations) of a good file."""
    image, names = elf_image.Image(data), []
    for _ in range(rng.choice([1, 1, 2, FEW])):
        for _ in range(TRIES):  # what the file does not have cannot be changed
            before, mutation = bytes(image.data), rng.choice(ALL)
            try:
                mutation(rng, image)
            except (IndexError, ValueError, struct.error):  # the one before has moved what this one looks for
                continue
            if bytes(image.data) != before:
                names.append(mutation.__name__)
                break
        if len(image.data) < 64 or len(image.data) > LARGEST:
            break
    return bytes(image.data), names
