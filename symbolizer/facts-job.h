/* SPDX-License-Identifier: Apache-2.0 */
/*
 * facts job: reads the text of a descriptor and writes what it tells, as a struct, to another: what the indexer does
 * for INDEXER_CONTAINER, INDEXER_CRI and INDEXER_ENVIRONMENT.
 */
#pragma once

#include "common/clean.h"

/* -EFBIG: the text is too large; else as container_facts_parse(), or of the descriptors. */
_must_check_ int facts_job_container(int fd, int out_fd, const char *id);
_must_check_ int facts_job_cri(int fd, int out_fd, const char *id);
_must_check_ int facts_job_environment(int fd, int out_fd, const char *wanted);
