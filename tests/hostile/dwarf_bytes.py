# SPDX-License-Identifier: Apache-2.0
"""DWARF 4 and 5 written byte by byte, true or not; and where the attributes of true ones lie."""
import struct

from elf_image import Section

TAG_compile_unit, TAG_partial_unit, TAG_imported_unit, TAG_subprogram = 0x11, 0x3c, 0x3d, 0x2e
TAG_inlined_subroutine, TAG_lexical_block, TAG_namespace = 0x1d, 0x0b, 0x39
AT_sibling, AT_name, AT_stmt_list, AT_low_pc, AT_high_pc, AT_comp_dir = 0x01, 0x03, 0x10, 0x11, 0x12, 0x1b
AT_abstract_origin, AT_import, AT_specification, AT_ranges, AT_call_file, AT_call_line = 0x31, 0x18, 0x47, 0x55, 0x58, 0x59
AT_linkage_name, AT_str_offsets_base, AT_addr_base, AT_rnglists_base, AT_dwo_name = 0x6e, 0x72, 0x73, 0x74, 0x76
AT_GNU_dwo_name, AT_GNU_dwo_id = 0x2130, 0x2131
FORM_addr, FORM_block4, FORM_data4, FORM_data8, FORM_string, FORM_block, FORM_data1 = 1, 4, 6, 7, 8, 9, 0x0b
FORM_strp, FORM_udata, FORM_ref_addr, FORM_ref4, FORM_indirect, FORM_sec_offset = 0x0e, 0x0f, 0x10, 0x13, 0x16, 0x17
FORM_flag_present, FORM_strx, FORM_addrx, FORM_rnglistx, FORM_exprloc = 0x19, 0x1a, 0x1b, 0x23, 0x18
FORM_implicit_const, FORM_GNU_ref_alt, FORM_GNU_strp_alt = 0x21, 0x1f20, 0x1f21
UT_compile, UT_skeleton = 1, 4


def uleb(n):
    out = bytearray()
    while True:
        out.append(n & 0x7f | (0x80 if n > 0x7f else 0))
        n >>= 7
        if not n:
            return bytes(out)


def abbrev(code, tag, attributes, children=False):
    return uleb(code) + uleb(tag) + bytes([children]) + b"".join(uleb(a) + uleb(f) for a, f in attributes) + b"\0\0"


def unit_4(dies, abbrev_offset=0, length=None, version=4, address_bytes=8):
    body = struct.pack("<HIB", version, abbrev_offset, address_bytes) + dies
    return struct.pack("<I", len(body) if length is None else length) + body


def unit_5(dies, abbrev_offset=0, length=None, kind=UT_compile, extra=b"", address_bytes=8, version=5):
    body = struct.pack("<HBBI", version, kind, address_bytes, abbrev_offset) + extra + dies
    return struct.pack("<I", len(body) if length is None else length) + body


HEADER_4, HEADER_5 = 11, 12  # bytes of a unit's header


def line_table_4(program, line_range=14, opcode_base=13, min_inst=1, files=b"a.c\0\0\0\0\0", length=None,
                 header_length=None, version=4, max_ops=1):
    lengths = bytes([0, 1, 1, 1, 1, 0, 0, 0, 1, 0, 0, 1][:max(opcode_base, 1) - 1])
    rest = struct.pack("<BBBbBB", min_inst, max_ops, 1, -5, line_range, opcode_base) + lengths + b"\0" + files
    body = struct.pack("<HI", version, len(rest) if header_length is None else header_length) + rest + program
    return struct.pack("<I", len(body) if length is None else length) + body


def line_table_5(program, dir_format=b"\1\1\x08", dirs=b"\1/d\0", file_format=b"\1\1\x08", files=b"\1a.c\0"):
    """The formats with their counts; 1, 8: DW_LNCT_path as DW_FORM_string."""
    rest = struct.pack("<BBBbBB", 1, 1, 1, -5, 14, 13) + bytes([0, 1, 1, 1, 1, 0, 0, 0, 1, 0, 0, 1]) + dir_format + \
        dirs + file_format + files
    body = struct.pack("<HBBI", 5, 8, 0, len(rest)) + rest + program
    return struct.pack("<I", len(body)) + body


def set_address(addr):
    return b"\0\x09\2" + struct.pack("<Q", addr)


END_SEQUENCE = b"\0\1\1"


def sections(info, abbrevs, **more):
    """[Section]; more: line=..., str=... and so on."""
    out = [Section(".debug_info", info), Section(".debug_abbrev", abbrevs)]
    return out + [Section(f".debug_{name}", data) for name, data in more.items()]


class Attributes:
    """Where each attribute of each DIE lies in .debug_info: [(attribute, form, offset, size)]. Of files that compilers
    made: nothing is checked."""

    FIXED = {0x01: 8, 0x05: 2, 0x06: 4, 0x07: 8, 0x0b: 1, 0x0c: 1, 0x0e: 4, 0x10: 4, 0x11: 1, 0x12: 2, 0x13: 4,
             0x14: 8, 0x17: 4, 0x19: 0, 0x1c: 4, 0x1d: 4, 0x1e: 16, 0x1f: 4, 0x20: 8, 0x21: 0, 0x24: 8, 0x25: 1,
             0x26: 2, 0x27: 3, 0x28: 4, 0x29: 1, 0x2a: 2, 0x2b: 3, 0x2c: 4, 0x1f20: 4, 0x1f21: 4}
    LEB = {0x0d, 0x0f, 0x15, 0x1a, 0x1b, 0x22, 0x23, 0x1f01, 0x1f02}

    def __init__(self, info, abbrevs):
        self.info, self.abbrevs, self.found, self.units = info, abbrevs, [], []
        at = 0
        while at + 11 < len(info):
            at = self._unit(at)

    def _leb(self, data, at):
        value = shift = 0
        while True:
            byte = data[at]
            value |= (byte & 0x7f) << shift
            at, shift = at + 1, shift + 7
            if byte < 0x80:
                return value, at

    def _table(self, at):
        table = {}
        while self.abbrevs[at]:
            code, at = self._leb(self.abbrevs, at)
            _, at = self._leb(self.abbrevs, at)
            at, forms = at + 1, []
            while True:
                attribute, at = self._leb(self.abbrevs, at)
                form, at = self._leb(self.abbrevs, at)
                if form == 0x21:
                    _, at = self._leb(self.abbrevs, at)
                if not attribute and not form:
                    break
                forms.append((attribute, form))
            table[code] = forms
        return table

    def _end_of(self, form, at):
        info = self.info
        if form in self.FIXED:
            return at + self.FIXED[form]
        if form in self.LEB:
            return self._leb(info, at)[1]
        if form == 0x08:
            return info.index(0, at) + 1
        if form in (0x09, 0x18):
            size, at = self._leb(info, at)
            return at + size
        size_bytes = {0x0a: 1, 0x03: 2, 0x04: 4}[form]
        return at + size_bytes + int.from_bytes(info[at:at + size_bytes], "little")

    def _unit(self, at):
        length, version = struct.unpack_from("<IH", self.info, at)
        end = at + 4 + length
        self.units.append(at)
        if version >= 5:
            kind, _, abbrev_at = struct.unpack_from("<BBI", self.info, at + 6)
            at += HEADER_5 + {4: 8, 5: 8, 2: 12, 6: 12}.get(kind, 0)
        else:
            abbrev_at, = struct.unpack_from("<I", self.info, at + 6)
            at += HEADER_4
        table = self._table(abbrev_at)
        while at < end:
            code, at = self._leb(self.info, at)
            for attribute, form in table.get(code, ()):
                start, at = at, self._end_of(form, at)
                self.found.append((attribute, form, start, at - start))
        return end
