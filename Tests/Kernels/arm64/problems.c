// SPDX-License-Identifier: Apache-2.0
#include "problems.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <net/if.h>

void complain(struct problems *problems, const char *format, ...)
{
	size_t room = sizeof(problems->text) - problems->length;
	va_list arguments;
	int length;

	if (problems->length)
		length = snprintf(problems->text + problems->length, room, "; ");
	else
		length = 0;
	if ((size_t)length >= room)
		return;
	va_start(arguments, format);
	length += vsnprintf(problems->text + problems->length + length, room - length, format, arguments);
	va_end(arguments);
	problems->length += (size_t)length < room ? (size_t)length : room - 1;
}

void expect(struct problems *problems, const char *what, long long is, long long wanted)
{
	if (is != wanted)
		complain(problems, "%s is %lld (%#llx), not %lld (%#llx)", what, is, is, wanted, wanted);
}

void expect_name(struct problems *problems, const char *what, const char is[IFNAMSIZ], const char *wanted)
{
	if (strncmp(is, wanted, IFNAMSIZ))
		complain(problems, "%s is \"%.*s\", not \"%s\"", what, IFNAMSIZ, is, wanted);
}
