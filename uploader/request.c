// SPDX-License-Identifier: Apache-2.0
#include "uploader/request.h"

void upload_request_clear(struct upload_request *r)
{
	buf_clear(&r->url);
	buf_clear(&r->headers);
	buf_clear(&r->body);
	r->method = NULL;
	r->is_grpc = false;
	r->n_cut_labels = 0;
}

void upload_request_done(struct upload_request *r)
{
	buf_done(&r->url);
	buf_done(&r->headers);
	buf_done(&r->body);
}

void upload_response_done(struct upload_response *r)
{
	buf_done(&r->grpc_message);
	buf_done(&r->body);
}
