/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLinux_H
#define CLinux_H
#endif
