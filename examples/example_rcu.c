// SPDX-License-Identifier: GPL-2.0
/*
 * Sessions that readers look up without a lock, and how their memory goes back:
 *
 * - A session is an object of a cache with RSV_TYPESAFE_BY_RCU, and is freed at once. A reader that
 *   finds it a moment later still finds a session, if perhaps another one by now. So the reader
 *   locks it first, and then looks whether it is the one that he wanted.
 * - Its note is memory by the byte that readers only look at. It is freed by RCU.
 * - A section under a spinlock, which may not fail half way, takes new sessions from a sheaf.
 */
#include <linux/module.h>
#include <linux/rcupdate.h>
#include <linux/reservoir.h>
#include <linux/spinlock.h>
#include <linux/string.h>

#define SESSIONS	16

struct note {
	struct rcu_head rcu;
	char text[48];
};

struct session {
	spinlock_t lock;	/* guards id; made by the constructor */
	unsigned int id;	/* 0 while nobody uses the object */
	struct note __rcu *note;
};

static struct rsv_cache *sessions;
static struct session __rcu *table[SESSIONS];
static DEFINE_SPINLOCK(table_lock);	/* for writers: guards the table and the notes */

/* Runs once in an object's life, and not at each allocation: by then readers may look at it. */
static void construct(void *object)
{
	struct session *s = object;

	spin_lock_init(&s->lock);
	s->id = 0;
	RCU_INIT_POINTER(s->note, NULL);
}

/* Copies the note of a session. Returns whether there is such a session. */
static bool session_read(unsigned int id, char *text, size_t size)
{
	const struct note *note;
	struct session *s;
	bool found = false;

	rcu_read_lock();
	s = rcu_dereference(table[id % SESSIONS]);
	if (s) {
		spin_lock(&s->lock);
		note = rcu_dereference(s->note);
		found = s->id == id && note;
		if (found)
			strscpy(text, note->text, size);
		spin_unlock(&s->lock);
	}
	rcu_read_unlock();
	return found;
}

static void session_set_id(struct session *s, unsigned int id)
{
	spin_lock(&s->lock);
	s->id = id;
	spin_unlock(&s->lock);
}

/* Readers may still look at the old note. So it goes after a grace period. */
static void session_set_note(struct session *s, struct note *new)
{
	struct note *old = rcu_replace_pointer(s->note, new, lockdep_is_held(&table_lock));

	rsv_kfree_rcu(old, rcu);
}

/* Opens a session for each place of the table, or none. */
static int sessions_open(struct rsv_region *r, const char *text)
{
	struct rsv_sheaf *sheaf = rsv_cache_prefill(sessions, GFP_KERNEL, SESSIONS);
	unsigned int i;

	if (!sheaf)
		return -ENOMEM;
	spin_lock(&table_lock);
	for (i = 0; i < SESSIONS; i++) {
		/* Never NULL: so many are in the sheaf. */
		struct session *s = rsv_cache_alloc_from_sheaf(sessions, 0, sheaf);
		struct note *note = rsv_kmalloc(r, sizeof(*note), GFP_ATOMIC);

		if (note)
			strscpy(note->text, text, sizeof(note->text));
		session_set_note(s, note);
		session_set_id(s, SESSIONS + i);
		rcu_assign_pointer(table[i], s);
	}
	spin_unlock(&table_lock);
	rsv_cache_return_sheaf(sessions, sheaf);
	return 0;
}

static void sessions_close(void)
{
	struct session *s;
	unsigned int i;

	spin_lock(&table_lock);
	for (i = 0; i < SESSIONS; i++) {
		s = rcu_replace_pointer(table[i], NULL, lockdep_is_held(&table_lock));
		if (!s)
			continue;
		/* As the constructor left it; only then another session may be here. */
		session_set_id(s, 0);
		session_set_note(s, NULL);
		rsv_cache_free(sessions, s);
	}
	spin_unlock(&table_lock);
}

static void example_exit(void)
{
	sessions_close();
	rsv_cache_destroy(sessions);
}
module_exit(example_exit);

static int __init example_init(void)
{
	const struct rsv_cache_args args = {
		.flags = RSV_TYPESAFE_BY_RCU | RSV_HWCACHE_ALIGN,
		.ctor = construct,
	};
	struct rsv_region *r = rsv_default_region();
	char text[48];
	int err;

	sessions = rsv_cache_create_args(r, "sessions", sizeof(struct session), &args);
	if (IS_ERR(sessions))
		return PTR_ERR(sessions);
	err = sessions_open(r, "hello");
	if (!err && !session_read(SESSIONS + 3, text, sizeof(text)))
		err = -ENOMEM;
	if (err)
		example_exit();
	else
		pr_info("session %u says %s\n", SESSIONS + 3, text);
	return err;
}
module_init(example_init);

MODULE_DESCRIPTION("Example of Reservoir's memory for readers under RCU");
MODULE_LICENSE("GPL");
