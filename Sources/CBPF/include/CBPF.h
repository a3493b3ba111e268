/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CBPF_H
#define CBPF_H
#endif
