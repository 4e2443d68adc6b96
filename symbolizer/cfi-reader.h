/* SPDX-License-Identifier: Apache-2.0 */
/* cfi reader: pointers out of call frame information, in their encodings (LSB 5.0 section 10.5). */
#pragma once

#include "symbolizer/byte-reader.h"

/* A whole section: what pointers in it are relative to. */
struct cfi_section {
	const uint8_t *data;
	size_t size;
	uint64_t vaddr;    /* of data[0] */
	uint64_t datarel;  /* what DW_EH_PE_datarel counts from */
	bool is_eh;        /* .eh_frame, not .debug_frame */
	bool ends_at_zero; /* its true size is not known */
};

/* An address in one of the encodings DW_EH_PE_*; DW_EH_PE_omit takes no byte and gives 0. */
uint64_t cfi_pointer(struct byte_reader *r, const struct cfi_section *section, uint8_t encoding);
/* A length in the format of an encoding, relative to nothing. */
uint64_t cfi_length(struct byte_reader *r, uint8_t encoding);
