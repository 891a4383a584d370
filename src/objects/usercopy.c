// SPDX-License-Identifier: GPL-2.0
/*
 * Copies between user space and memory of a region that leave their object.
 *
 * The kernel checks each copy_to_user() and copy_from_user() of memory of its own slabs
 * (CONFIG_HARDENED_USERCOPY, mm/usercopy.c). To it a page of a region is a page of its own, with
 * nothing around it that a copy could leave, and it has no hook. So drivers that copy memory of a
 * region call rsv_copy_to_user() and rsv_copy_from_user(), which ask rsv_check_object_size() first.
 *
 * The check only reads. The caller owns the memory, so its frames and marks do not change. A caller
 * that does not, because it or somebody else has freed the memory, is the misuse that the check is
 * for: then the answer may be for the memory's next owner. The check is still safe, since RCU keeps
 * the extent and the cache, and each address that it computes is compared with the extent before
 * the memory there is read.
 */
#include <linux/compiler.h>
#include <linux/export.h>
#include <linux/kasan.h>
#include <linux/minmax.h>
#include <linux/rcupdate.h>

#include "cache.h"
#include "debug/check.h"
#include "lookup.h"
#include "pages/pagemap.h"
#include "report.h"

/**
 * struct rsv_span - the used memory that an address lies in (on the caller's stack)
 * @cache: the cache of the object; NULL for pages
 * @start: where the object or the block begins
 * @bytes: bytes that its user may use; 0 if the address is in no used memory
 */
struct rsv_span {
	const struct rsv_cache *cache;
	const void *start;
	size_t bytes;
};

/* Whether all of an object's slot is memory of the extent, so that the CPU can read it */
static bool rsv_slot_inside(const struct rsv_cache *c, const struct rsv_extent *e,
			    const void *object)
{
	const void *slot = object - c->layout.before;

	return rsv_extent_has(e, slot) && rsv_extent_has(e, slot + c->layout.stride - 1);
}

/* The object that an address lies in. Objects that serve caches are nobody's to copy. */
static struct rsv_span rsv_span_of_object(const struct rsv_cache *c, struct rsv_extent *e,
					  const void *p)
{
	const void *object = c->engine->object_at(c, e, rsv_frame_at(e, p), p);
	struct rsv_span span = { .cache = c, .start = p };

	if (!object || c->flags & RSV_CACHE_INTERNAL || !rsv_slot_inside(c, e, object) ||
	    !rsv_object_is_used(c, e, object))
		return span;
	span.start = object;
	span.bytes = rsv_debug_size(c, object);
	return span;
}

/*
 * The block of pages that an address lies in. A page of SLOB's heap is in none. The frame may be
 * another owner's by now, so the length that it tells must not leave the extent.
 */
static struct rsv_span rsv_span_of_pages(const struct rsv_extent *e, const void *p)
{
	const struct rsv_frame *head = rsv_frame_block(e, rsv_frame_at(e, p));
	struct rsv_span span = { .start = p };
	unsigned long nr_pages;

	if (READ_ONCE(head->kind) != RSV_FRAME_USED)
		return span;
	nr_pages = min(READ_ONCE(head->nr_pages), e->nr_pages - rsv_frame_index(e, head));
	span.start = rsv_frame_addr(e, head);
	span.bytes = nr_pages << PAGE_SHIFT;
	return span;
}

static struct rsv_span rsv_span_at(struct rsv_extent *e, const void *p)
{
	const struct rsv_cache *c = rsv_cache_at(e, p);

	return c ? rsv_span_of_object(c, e, p) : rsv_span_of_pages(e, p);
}

static bool rsv_span_holds(const struct rsv_span *span, const void *p, unsigned long n)
{
	/* An address before the object, in its red zone, makes a large number. */
	const unsigned long into = (unsigned long)p - (unsigned long)span->start;

	return into <= span->bytes && n <= span->bytes - into;
}

static void rsv_span_report(const struct rsv_span *span, const struct rsv_extent *e, const void *p,
			    unsigned long n)
{
	const char *cache = span->cache ? span->cache->name : "none";
	const char *region = e->region->name;
	const u64 at = rsv_addr_offset(e, p);

	if (span->bytes)
		rsv_report(RSV_OUTSIDE,
			   "region %s, cache %s: copy of %lu bytes at 0x%llx, used are %zu at 0x%llx",
			   region, cache, n, at, span->bytes, rsv_addr_offset(e, span->start));
	else
		rsv_report(RSV_OUTSIDE,
			   "region %s, cache %s: copy of %lu bytes at 0x%llx, which are not used",
			   region, cache, n, at);
}

/* Whether memory of a region may be copied. A page that is lent or given back is the system's. */
static bool rsv_extent_may_copy(struct rsv_extent *e, const void *p, unsigned long n)
{
	struct rsv_span span;

	if (READ_ONCE(rsv_frame_at(e, p)->kind) == RSV_FRAME_HOLE)
		return true;
	span = rsv_span_at(e, p);
	if (likely(rsv_span_holds(&span, p, n)))
		return true;
	rsv_span_report(&span, e, p, n);
	return false;
}

/**
 * rsv_check_object_size() - whether memory lies in one used object or block of a region
 * @ptr: where it begins
 * @n: its bytes
 *
 * An object has the bytes that its user asked for, where that is stored (debug=Z), else those that
 * the cache or the size class has; a block has whole pages. The function reports memory that leaves
 * its object or block, or is free.
 *
 * Context: Any but NMI.
 * Return: false if it does. true if it does not, if @n is 0, and if @ptr lies in no region: the
 * kernel's own check_object_size() is for such memory.
 */
bool rsv_check_object_size(const void *ptr, unsigned long n)
{
	struct rsv_extent *e;
	bool may;

	if (!n)
		return true;
	ptr = kasan_reset_tag(ptr);
	if (rsv_refuse_nmi("a copy to or from user space"))
		return false;
	rcu_read_lock();
	e = rsv_extent_find_addr(ptr);
	may = !e || rsv_extent_may_copy(e, ptr, n);
	rcu_read_unlock();
	return may;
}
EXPORT_SYMBOL_GPL(rsv_check_object_size);
