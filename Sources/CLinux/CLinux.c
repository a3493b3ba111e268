// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE
#include "CLinux.h"

#include <fcntl.h>
#include <linux/nsfs.h>
#include <sys/ioctl.h>
#include <unistd.h>

int clinux_setns(int descriptor, int kind)
{
	return setns(descriptor, kind);
}

int clinux_clone_newnet(void)
{
	return CLONE_NEWNET;
}

int clinux_pipe(int ends[2])
{
	return pipe2(ends, O_CLOEXEC);
}

int clinux_namespace_type(int descriptor)
{
	return ioctl(descriptor, NS_GET_NSTYPE);
}

int clinux_terminal_columns(int descriptor)
{
	struct winsize size = { 0 };

	return ioctl(descriptor, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}
