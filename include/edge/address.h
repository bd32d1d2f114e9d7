// SPDX-License-Identifier: EUPL-1.2
// Which addresses of the network are out in the open internet.
#ifndef EDGE_ADDRESS_H
#define EDGE_ADDRESS_H

#include <stdbool.h>
#include <sys/socket.h>

// True for a unicast address of the public internet (IANA special-purpose registries, RFC 6890).
// False for loopback, private, shared, link-local, multicast, documentation, benchmarking and
// reserved ones, for IPv6 that carries such an IPv4 address (mapped, NAT64), for IPv6 transition
// mechanisms that could (compatible, 6to4, Teredo), and for any other family.
bool address_is_public(const struct sockaddr *address);

#endif
