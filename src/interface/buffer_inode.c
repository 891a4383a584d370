// SPDX-License-Identifier: GPL-2.0
/*
 * The inodes of buffers.
 *
 * A buffer that a program maps, or that has a descriptor of its own, has an inode. All its files
 * refer to that inode, and so do its mapped pages, by their fields mapping and index, as pages of
 * any file do. That is what the kernel needs for shared futexes, which it finds by inode and index.
 * For pins that last, such as those of io_uring, it asks whether the file system of a mapping
 * writes pages back. This one does not, whatever the file system of the device node may do.
 *
 * The fields of a page are cleared, with the page locked, before anybody else gets the page. Who
 * follows the field mapping has the page locked, as set_page_dirty_lock(); or has a page table
 * locked that the page is in, so that a file of the buffer is open; or reads under RCU, as a
 * futex, or with interrupts off, as get_user_pages_fast(). In the latter cases the inode is
 * still there, since it is freed after a grace period. The kernel never finds such a page by its
 * inode, for the inode's table of pages is empty. Nor does it reclaim or migrate one, for the
 * page is on no list of the kernel (PageLRU). So nothing but this module ever changes the
 * fields.
 *
 * The file system has nothing but these inodes. A program may keep a path to an inode, by O_PATH,
 * when the file is closed. The path has a reference to the file system, and that has one to the
 * module. Were it mounted all the time, the module could not be unloaded. So it is mounted while
 * a program that may allocate has the device open, or while a buffer has an inode.
 */
#include <linux/atomic.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/fs_context.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mount.h>
#include <linux/pagemap.h>
#include <linux/pseudo_fs.h>
#include <linux/sched.h>

#include "buffer_inode.h"
#include "compat.h"

#define RSV_BUFFER_MAGIC	0x52535642	/* "RSVB" */

static int rsv_buffer_fs_init(struct fs_context *fc)
{
	if (!init_pseudo(fc, RSV_BUFFER_MAGIC))
		return -ENOMEM;
	/* rsv_buffer_map() refuses code in buffers itself, with the same error on every kernel. */
	fc->s_iflags &= ~SB_I_NOEXEC;
	return 0;
}

static struct file_system_type rsv_buffer_fs = {
	.name = "reservoir",
	.owner = THIS_MODULE,
	.init_fs_context = rsv_buffer_fs_init,
	.kill_sb = kill_anon_super,
};

/* simple_pin_fs() and simple_release_fs() guard both by a lock of the kernel. */
static struct vfsmount *rsv_buffer_vfsmount;
static int rsv_buffer_nr_pins;

/**
 * rsv_buffer_inodes_pin() - mount the file system of buffers, unless it is mounted
 *
 * Context: Process; may sleep.
 * Return: 0, or an error number such as -ENOMEM.
 */
int rsv_buffer_inodes_pin(void)
{
	return simple_pin_fs(&rsv_buffer_fs, &rsv_buffer_vfsmount, &rsv_buffer_nr_pins);
}

/**
 * rsv_buffer_inodes_unpin() - undo rsv_buffer_inodes_pin()
 *
 * Context: Process; may sleep. The caller has another reference to the module.
 */
void rsv_buffer_inodes_unpin(void)
{
	simple_release_fs(&rsv_buffer_vfsmount, &rsv_buffer_nr_pins);
}

/**
 * rsv_buffer_mount() - get the mount that files of buffers are opened on
 *
 * Context: Any. A buffer has an inode.
 * Return: The mount.
 */
struct vfsmount *rsv_buffer_mount(void)
{
	return READ_ONCE(rsv_buffer_vfsmount);
}

/* The size is constant, and so is the mode: nobody executes a buffer. */
static int rsv_buffer_setattr(RSV_IDMAP *idmap, struct dentry *dentry, struct iattr *attr)
{
	return -EPERM;
}

static const struct inode_operations rsv_buffer_inode_operations = {
	.setattr = rsv_buffer_setattr,
};

static struct inode *rsv_buffer_inode_create(const struct rsv_buffer *b)
{
	struct inode *inode;
	int error = rsv_buffer_inodes_pin();

	if (error)
		return ERR_PTR(error);
	inode = alloc_anon_inode(rsv_buffer_vfsmount->mnt_sb);
	if (IS_ERR(inode)) {
		rsv_buffer_inodes_unpin();
		return inode;
	}
	rsv_inode_set_regular(inode);
	inode->i_op = &rsv_buffer_inode_operations;
	i_size_write(inode, (loff_t)b->nr_pages << PAGE_SHIFT);
	inode->i_blocks = (blkcnt_t)b->nr_pages << (PAGE_SHIFT - 9);
	/* Without a link it counts as anonymous memory, which core dumps have by default. */
	clear_nlink(inode);
	return inode;
}

static void rsv_buffer_inode_drop(struct inode *inode)
{
	iput(inode);
	rsv_buffer_inodes_unpin();
}

/**
 * rsv_buffer_inode() - get the inode of a buffer, which it has from then on
 * @b: the buffer; the caller has a reference
 *
 * Several callers may make an inode at once. The buffer takes the first one.
 *
 * Context: Process; may sleep. mmap_lock may be held.
 * Return: The inode without a reference for the caller, or ERR_PTR: -ENOMEM.
 */
struct inode *rsv_buffer_inode(struct rsv_buffer *b)
{
	struct inode *inode = smp_load_acquire(&b->inode), *first; /* pairs with cmpxchg() */

	if (inode)
		return inode;
	inode = rsv_buffer_inode_create(b);
	if (IS_ERR(inode))
		return inode;
	first = cmpxchg(&b->inode, NULL, inode);
	if (!first)
		return inode;
	rsv_buffer_inode_drop(inode);
	return first;
}

static void rsv_buffer_page_clear(struct page *page)
{
	struct folio *folio = page_folio(page);

	if (!folio->mapping)
		return;
	folio_lock(folio);
	folio->mapping = NULL;
	folio->index = 0;
	folio_unlock(folio);
}

/**
 * rsv_buffer_inode_end() - take a buffer's pages from its inode, and drop the inode
 * @b: the buffer, with or without an inode; it has no file and no mapping any more
 *
 * Context: Process; may sleep.
 */
void rsv_buffer_inode_end(struct rsv_buffer *b)
{
	unsigned long i;

	if (!b->inode)
		return;
	for (i = 0; i < b->nr_pages; i++) {
		rsv_buffer_page_clear(rsv_buffer_page(b, i));
		cond_resched();
	}
	rsv_buffer_inode_drop(b->inode);
}
