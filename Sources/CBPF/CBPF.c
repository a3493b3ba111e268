// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE // vasprintf

#include "CBPF.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const unsigned char object[] = {
#if defined(__x86_64__)
#embed "../../bpf/prebuilt/rpfwatch.x86_64.bpf.o"
#elif defined(__aarch64__)
#embed "../../bpf/prebuilt/rpfwatch.aarch64.bpf.o"
#else
#error "bpf/build.sh builds the programs for x86_64 and aarch64"
#endif
};

const void *rpfw_object_bytes(void)
{
	return object;
}

size_t rpfw_object_size(void)
{
	return sizeof(object);
}

static _Thread_local char log_text[4096];

static int keep(enum libbpf_print_level level, const char *format, va_list arguments)
{
	char *message = NULL;
	size_t used = strlen(log_text);
	size_t length;

	if (level != LIBBPF_WARN || vasprintf(&message, format, arguments) < 0)
		return 0;
	/* The end says what went wrong; a verifier log before it can be megabytes. */
	length = strlen(message);
	if (length >= sizeof(log_text)) {
		memcpy(log_text, message + length - (sizeof(log_text) - 1), sizeof(log_text));
	} else {
		if (used + length >= sizeof(log_text)) {
			size_t excess = used + length - (sizeof(log_text) - 1);

			memmove(log_text, log_text + excess, used - excess + 1);
			used -= excess;
		}
		memcpy(log_text + used, message, length + 1);
	}
	free(message);
	return 0;
}

void rpfw_log_begin(void)
{
	log_text[0] = '\0';
	libbpf_set_print(keep);
}

const char *rpfw_log_text(void)
{
	return log_text;
}
