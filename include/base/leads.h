// SPDX-License-Identifier: EUPL-1.2
// Where things with an identity may stand: for each 8 bytes, the number of its line and 24 bits of
// its digest. The digest itself is not kept, so what is found is a lead and no answer: whoever asks
// reads the line, compares, and goes on with the next lead when it is of another identity. So
// answers are exact, as long as each thing has one lead. Digests are keyed, so nobody outside can
// choose which are alike.
//
// The table is divided by further 12 bits into small ones that grow each by itself, by a quarter:
// no addition takes longer than some microseconds, and a lead takes 10 to 12.5 bytes of memory.
#ifndef BASE_LEADS_H
#define BASE_LEADS_H

#include "base/hash.h"

#define LEADS_SEQ_MAX ((UINT64_C(1) << 40) - 1)

struct leads;

struct leads *leads_create(void);
void leads_free(struct leads *leads);

// Zero begins.
struct leads_walk {
    size_t step;
};
// The lines where this identity may stand, each once, in no order; 0: that was all. Nothing may be
// changed meanwhile.
uint64_t leads_next(const struct leads *leads, const struct digest *identity,
                    struct leads_walk *walk);
// Is this line among them?
bool leads_has(const struct leads *leads, const struct digest *identity, uint64_t seq);

// seq is above 0, at most LEADS_SEQ_MAX, and not there yet. True when there is another lead for
// this identity.
bool leads_add(struct leads *leads, const struct digest *identity, uint64_t seq);
// Soon something will be asked or changed of this identity.
void leads_prefetch(const struct leads *leads, const struct digest *identity);
void leads_remove(struct leads *leads, const struct digest *identity,
                  uint64_t seq); // if it is there

size_t leads_count(const struct leads *leads);
void leads_clear(struct leads *leads);

// Every lead, in no order. `tag`: what is kept of the identity.
void leads_each(const struct leads *leads, void (*fn)(void *ctx, uint64_t tag, uint64_t seq),
                void *ctx);
uint64_t leads_tag(const struct digest *identity);

#endif
