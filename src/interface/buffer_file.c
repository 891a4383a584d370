// SPDX-License-Identifier: GPL-2.0
/*
 * Files of buffers.
 *
 * A program gets a descriptor of one buffer by RSV_IOC_BUFFER_FD. It can read and write it, map it
 * from offset 0, and pass it to others, who need not know of Reservoir. Each such descriptor is a
 * file with its own position and access mode, and all files of a buffer have the same inode.
 *
 * A mapping made through /dev/reservoir gets a file of its own in place of the device's, so it does
 * not keep the device's descriptor open. Who passes on neither that nor a buffer's descriptor
 * leaves nothing behind but its mappings.
 *
 * A file has a reference to its buffer from its creation until the kernel releases it. That happens
 * without any lock, also if the last reference to the file was that of a mapping.
 */
#include <linux/err.h>
#include <linux/fcntl.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/highmem.h>
#include <linux/kernel.h>
#include <linux/kref.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mount.h>
#include <linux/sched/signal.h>
#include <linux/seq_file.h>
#include <linux/splice.h>
#include <linux/string.h>
#include <linux/uio.h>

#include "buffer.h"
#include "buffer_file.h"
#include "buffer_inode.h"
#include "buffer_map.h"
#include "compat.h"
#include "handle.h"

static loff_t rsv_buffer_size(const struct rsv_buffer *b)
{
	return (loff_t)b->nr_pages << PAGE_SHIFT;
}

/* Copies bytes between a page and the program or a pipe. Returns how many it could copy. */
static size_t rsv_page_copy(struct page *page, size_t offset, size_t bytes, struct iov_iter *iter)
{
	size_t copied;
	void *addr;

	if (iov_iter_rw(iter) == WRITE) {
		copied = copy_page_from_iter(page, offset, bytes, iter);
		flush_dcache_page(page);
		return copied;
	}
	/* copy_page_to_iter() of some kernels would let a pipe refer to the page. */
	flush_dcache_page(page);
	addr = kmap_local_page(page);
	copied = copy_to_iter(addr + offset, bytes, iter);
	kunmap_local(addr);
	return copied;
}

/* Copies one page's part of a transfer. Returns the bytes copied, or an error. */
static ssize_t rsv_buffer_copy(const struct rsv_buffer *b, loff_t pos, struct iov_iter *iter)
{
	struct page *page = rsv_buffer_page(b, pos >> PAGE_SHIFT);
	const size_t offset = offset_in_page(pos);
	size_t copied;

	if (fatal_signal_pending(current))
		return -EINTR;
	cond_resched();
	if (PageHWPoison(page))
		return -EIO;
	copied = rsv_page_copy(page, offset, min(PAGE_SIZE - offset, iov_iter_count(iter)), iter);
	return copied ?: -EFAULT;
}

/* Bytes that others write meanwhile, also through mappings, are copied before or after that. */
static ssize_t rsv_buffer_transfer(struct kiocb *iocb, struct iov_iter *iter)
{
	const struct rsv_buffer *b = iocb->ki_filp->private_data;
	ssize_t done = 0, copied;

	while (iov_iter_count(iter) && iocb->ki_pos < rsv_buffer_size(b)) {
		copied = rsv_buffer_copy(b, iocb->ki_pos, iter);
		if (copied < 0)
			return done ?: copied;
		iocb->ki_pos += copied;
		done += copied;
	}
	return done;
}

/* Nothing makes a buffer longer, so there is no space behind its end. */
static ssize_t rsv_buffer_write(struct kiocb *iocb, struct iov_iter *iter)
{
	const loff_t size = rsv_buffer_size(iocb->ki_filp->private_data);

	if (iocb->ki_flags & IOCB_APPEND)
		iocb->ki_pos = size;
	if (iov_iter_count(iter) && iocb->ki_pos >= size)
		return -ENOSPC;
	return rsv_buffer_transfer(iocb, iter);
}

static loff_t rsv_buffer_seek(struct file *file, loff_t offset, int whence)
{
	return fixed_size_llseek(file, offset, whence, rsv_buffer_size(file->private_data));
}

static int rsv_buffer_file_mmap(struct file *file, struct vm_area_struct *vma)
{
	return rsv_buffer_map(vma);
}

static void rsv_buffer_show(struct seq_file *m, struct file *file)
{
	const struct rsv_buffer *b = file->private_data;

	seq_printf(m, "reservoir-region:\t%s\n", rsv_buffer_region(b)->name);
	seq_printf(m, "reservoir-bytes:\t%lld\n", rsv_buffer_size(b));
	if (b->pages)
		seq_puts(m, "reservoir-offset:\tscattered\n");
	else
		seq_printf(m, "reservoir-offset:\t0x%llx\n", rsv_buffer_offset(b));
}

static int rsv_buffer_file_release(struct inode *inode, struct file *file)
{
	struct rsv_buffer *b = file->private_data;

	rsv_handle_put(&b->handle);
	return 0;
}

static const struct file_operations rsv_buffer_file_operations = {
	.owner = THIS_MODULE,
	.release = rsv_buffer_file_release,
	.llseek = rsv_buffer_seek,
	.read_iter = rsv_buffer_transfer,
	.write_iter = rsv_buffer_write,
	.splice_read = rsv_splice_read,
	.splice_write = iter_file_splice_write,
	.mmap = rsv_buffer_file_mmap,
	.fsync = noop_fsync,
	.show_fdinfo = rsv_buffer_show,
};

/**
 * rsv_buffer_file_create() - open a file of a buffer
 * @b: the buffer; the caller has a reference, and the file gets one of its own
 * @flags: O_RDONLY or O_RDWR
 *
 * Context: Process; may sleep. mmap_lock may be held.
 * Return: The file, or ERR_PTR: -ENOMEM, or -ENFILE if the system has too many open files.
 */
struct file *rsv_buffer_file_create(struct rsv_buffer *b, int flags)
{
	char name[RSV_NAME_MAX + sizeof("reservoir:")];
	struct inode *inode = rsv_buffer_inode(b);
	struct file *file;

	if (IS_ERR(inode))
		return ERR_CAST(inode);
	scnprintf(name, sizeof(name), "reservoir:%s", rsv_buffer_region(b)->name);
	ihold(inode);
	file = alloc_file_pseudo(inode, rsv_buffer_mount(), name, flags | O_LARGEFILE,
				 &rsv_buffer_file_operations);
	if (IS_ERR(file)) {
		iput(inode);
		return file;
	}
	/* The kernel drops this reference with the file. */
	__module_get(THIS_MODULE);
	/* Two programs that share a file, as after fork(), take turns at its position. */
	file->f_mode |= FMODE_LSEEK | FMODE_PREAD | FMODE_PWRITE | FMODE_ATOMIC_POS;
	kref_get(&b->handle.ref);
	file->private_data = b;
	return file;
}

/**
 * rsv_buffer_mmap() - map a buffer or a part of it through /dev/reservoir
 * @b: the buffer; the caller has a reference
 * @vma: the mapping; its offset lies in the buffer's range
 *
 * Context: mmap_lock held.
 * Return: 0, -EINVAL for a mapping that goes beyond the buffer, or as rsv_buffer_file_create() and
 * rsv_buffer_map().
 */
int rsv_buffer_mmap(struct rsv_buffer *b, struct vm_area_struct *vma)
{
	const unsigned long first = vma->vm_pgoff - b->offset;
	struct file *file;

	if (vma_pages(vma) > b->nr_pages - first)
		return -EINVAL;
	file = rsv_buffer_file_create(b, O_RDWR);
	if (IS_ERR(file))
		return PTR_ERR(file);
	/* The offset counts in the buffer from now on: another buffer may get this one's range. */
	vma->vm_pgoff = first;
	vma_set_file(vma, file);
	fput(file);
	return rsv_buffer_map(vma);
}
