/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PROBLEMS_H
#define PROBLEMS_H

#include <stddef.h>

/* What went wrong, one sentence after the other; empty when nothing did. */
struct problems {
	char text[2048];
	size_t length;
};

void complain(struct problems *problems, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Complain when the two differ. */
void expect(struct problems *problems, const char *what, long long is, long long wanted);
void expect_name(struct problems *problems, const char *what, const char is[16], const char *wanted);

#endif
