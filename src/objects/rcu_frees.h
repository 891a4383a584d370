/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Objects and pages that are freed after a grace period, and the cookie that they carry until then.
 */
#ifndef RSV_OBJECTS_RCU_FREES_H
#define RSV_OBJECTS_RCU_FREES_H

#include <linux/atomic.h>
#include <linux/compiler.h>

#include "types.h"

/* Combined with the address of an object in its cookie; set while the module is loaded */
extern unsigned long rsv_rcu_secret;

void rsv_rcu_start(void);

bool rsv_rcu_add_head(struct rsv_region *r, struct rsv_cache *c, void *object,
		      struct rcu_head *head);
void rsv_rcu_submit(struct rsv_cache *c, struct rsv_cpu *cpu);
void rsv_rcu_submit_local(struct rsv_cache *c);
bool rsv_rcu_pop_ended(struct rsv_rcu_frees *f, struct rsv_rcu_stack *popped);
bool rsv_rcu_last(struct rsv_rcu_frees *f, struct rcu_gp_oldstate *last);
bool rsv_rcu_pop(const struct rsv_rcu_frees *f, struct rsv_rcu_stack *stack,
		 struct rsv_rcu_stack *popped);
u64 rsv_rcu_count(const struct rsv_cache *c);
u64 rsv_rcu_count_region(struct rsv_region *r);

/*
 * The cookie: what the field func of an rcu_head has from when the object is given back until the
 * grace period is over. It tells the object, and that the field next is as it was at that time. An
 * object that carries it is given back twice.
 */
static __always_inline unsigned long rsv_rcu_cookie(const void *object,
						    const struct rcu_head *head)
{
	const unsigned long next = (unsigned long)READ_ONCE(head->next);

	return (unsigned long)object ^ rsv_rcu_secret ^
	       (next << (BITS_PER_LONG / 2) | next >> (BITS_PER_LONG / 2));
}

static __always_inline bool rsv_rcu_is_waiting(const void *object, const struct rcu_head *head)
{
	return (unsigned long)READ_ONCE(head->func) == rsv_rcu_cookie(object, head);
}

static __always_inline void rsv_rcu_set_cookie(const void *object, struct rcu_head *head)
{
	WRITE_ONCE(head->func, (rcu_callback_t)rsv_rcu_cookie(object, head));
}

static __always_inline void rsv_rcu_clear_cookie(struct rcu_head *head)
{
	WRITE_ONCE(head->func, NULL);
}

/* The object that a cookie tells. If the rcu_head was written to, it may be any address. */
static inline void *rsv_rcu_object(const struct rcu_head *head)
{
	return (void *)((unsigned long)READ_ONCE(head->func) ^ rsv_rcu_cookie(NULL, head));
}

static inline bool rsv_rcu_stack_any(const struct rsv_rcu_stack *s)
{
	return s->magazines || s->heads;
}

/* Whether any object waits here. Without the lock the answer may be old. */
static inline bool rsv_rcu_any(const struct rsv_rcu_frees *f)
{
	return rsv_rcu_stack_any(&f->arrived) || rsv_rcu_stack_any(&f->waiting) ||
	       rsv_rcu_stack_any(&f->ended);
}

/* The same, or whether somebody is just freeing such objects. This answer needs no lock. */
static inline bool rsv_rcu_busy(const struct rsv_rcu_frees *f)
{
	return atomic_long_read(&f->nr);
}

#endif /* RSV_OBJECTS_RCU_FREES_H */
