/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The inodes of buffers, and which inode a page belongs to.
 */
#ifndef RSV_INTERFACE_BUFFER_INODE_H
#define RSV_INTERFACE_BUFFER_INODE_H

#include <linux/fs.h>
#include <linux/mm.h>

#include "buffer.h"
#include "types.h"

struct vfsmount;

int rsv_buffer_inodes_pin(void);
void rsv_buffer_inodes_unpin(void);
struct vfsmount *rsv_buffer_mount(void);
struct inode *rsv_buffer_inode(struct rsv_buffer *b);
void rsv_buffer_inode_end(struct rsv_buffer *b);

/*
 * Tells the kernel which buffer a page is of, and where it lies in it, before the page enters a
 * page table: smp_wmb() comes in between. Several CPUs may do so at once, with the same values.
 */
static inline void rsv_buffer_page_set(const struct rsv_buffer *b, struct page *page,
				       unsigned long index)
{
	struct address_space *mapping = b->inode->i_mapping;
	struct folio *folio = page_folio(page);

	if (READ_ONCE(folio->mapping) == mapping)
		return;
	WRITE_ONCE(folio->index, index);
	/* Whoever finds the mapping also finds the index. */
	smp_store_release(&folio->mapping, mapping);
}

#endif /* RSV_INTERFACE_BUFFER_INODE_H */
