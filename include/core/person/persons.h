// SPDX-License-Identifier: EUPL-1.2
// Signals that count, by the person they are about: for the number of persons, in which signals
// about one person are one. Persons are numbers; who they are nobody knows.
#ifndef CORE_PERSON_PERSONS_H
#define CORE_PERSON_PERSONS_H

#include "core/signal/signal.h"

struct persons;

struct persons *persons_create(void);
void persons_free(struct persons *persons); // NULL is fine
// One signal of a person (> 0). A member put again changes its cell.
void persons_put(struct persons *persons, uint64_t person, const struct digest *member,
                 const struct cell *cell);
// Nothing when absent.
void persons_remove(struct persons *persons, uint64_t person, const struct digest *member);
size_t persons_members(const struct persons *persons); // signals in all
// Signals that count of each person beyond its first: so many fewer persons are there than signals.
size_t persons_repeats(const struct persons *persons);
// Every member, in no order.
void persons_each(const struct persons *persons,
                  void (*fn)(void *ctx, uint64_t person, const struct digest *member,
                             const struct cell *cell),
                  void *ctx);
// The members of each person that has more than one, a person's after each other.
void persons_each_linked(const struct persons *persons,
                         void (*fn)(void *ctx, uint64_t person, const struct cell *cell),
                         void *ctx);

#endif
