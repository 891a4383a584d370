// SPDX-License-Identifier: GPL-2.0
/*
 * Mappings of buffers.
 *
 * A mapping consists of ordinary pages, so everything in the kernel that uses a program's memory
 * can use a buffer. It refers to a file of its buffer, and the file to the buffer. That is the only
 * reference that it needs: fork(), and whatever else copies, splits or moves a mapping, takes and
 * drops references to the file. Since the last one is dropped when no lock is held, the buffer may
 * be released with it, and so may its region.
 *
 * Pages enter the page table when the program touches one of their neighbours (or at once, with
 * MAP_POPULATE). They are there anyway, and one fault costs as much as to map ten more pages.
 *
 * A private mapping shows the buffer's pages too. The kernel copies a page to memory of the system
 * when the program writes to it for the first time, and only that page.
 */
#include <linux/align.h>
#include <linux/fs.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/oom.h>
#include <linux/pagemap.h>
#include <linux/personality.h>
#include <linux/sched.h>

#include "buffer.h"
#include "buffer_inode.h"
#include "buffer_map.h"
#include "compat.h"

/* Pages around the address that one fault maps: an aligned window of as many */
#define RSV_FAULT_PAGES	32UL
#define RSV_FAULT_BYTES	(RSV_FAULT_PAGES << PAGE_SHIFT)

static const struct rsv_buffer *rsv_vma_buffer(const struct vm_area_struct *vma)
{
	return vma->vm_file->private_data;
}

/* Collects @nr pages from an index on, or as many as come before one with a hardware error. */
static unsigned long rsv_fault_gather(const struct rsv_buffer *b, unsigned long index,
				      unsigned long nr, struct page **pages)
{
	unsigned long i;

	for (i = 0; i < nr; i++) {
		pages[i] = rsv_buffer_page(b, index + i);
		if (PageHWPoison(pages[i]))
			break;
		rsv_buffer_page_set(b, pages[i], index + i);
	}
	/* Who finds a page in the page table also finds its fields. */
	smp_wmb();
	return i;
}

/*
 * Maps the pages of a range of addresses, up to one that is mapped already or broken. Pages behind
 * that would need a call each. Returns 0, or why the first one was not mapped.
 */
static int rsv_fault_map(struct vm_area_struct *vma, unsigned long from, unsigned long end)
{
	struct page *pages[RSV_FAULT_PAGES];
	const unsigned long nr = rsv_fault_gather(rsv_vma_buffer(vma), linear_page_index(vma, from),
						  (end - from) >> PAGE_SHIFT, pages);
	unsigned long left = nr;
	int error;

	if (!nr)
		return -EHWPOISON;
	error = vm_insert_pages(vma, from, pages, &left);
	return left < nr ? 0 : error;
}

/* The end of the window, of the mapping and of the buffer, whichever comes first */
static unsigned long rsv_fault_end(const struct vm_fault *vmf, unsigned long address)
{
	const unsigned long left = rsv_vma_buffer(vmf->vma)->nr_pages - vmf->pgoff;
	const unsigned long window = ALIGN_DOWN(address, RSV_FAULT_BYTES) - address +
				     RSV_FAULT_BYTES;

	return address + min3(window, vmf->vma->vm_end - address,
			      min(left, RSV_FAULT_PAGES) << PAGE_SHIFT);
}

/* Lets the kernel map the page alone. It also copies it, or finds that it is broken. */
static vm_fault_t rsv_fault_page(struct vm_fault *vmf)
{
	const struct rsv_buffer *b = rsv_vma_buffer(vmf->vma);

	vmf->page = rsv_buffer_page(b, vmf->pgoff);
	rsv_buffer_page_set(b, vmf->page, vmf->pgoff);
	smp_wmb(); /* as in rsv_fault_gather() */
	get_page(vmf->page);
	return 0;
}

/*
 * The OOM killer takes copies from private mappings of a dying program. Nobody shall find what the
 * buffer has there, as no file's page either: finish_fault() looks at the same.
 */
static vm_fault_t rsv_fault_unstable(const struct vm_area_struct *vma)
{
	return vma->vm_flags & VM_SHARED ? 0 : check_stable_address_space(vma->vm_mm);
}

static vm_fault_t rsv_vma_fault(struct vm_fault *vmf)
{
	struct vm_area_struct *vma = vmf->vma;
	const unsigned long address = vmf->address & PAGE_MASK;
	vm_fault_t unstable;
	int error;

	if (vmf->pgoff >= rsv_vma_buffer(vma)->nr_pages)
		return VM_FAULT_SIGBUS;
	if (vmf->flags & FAULT_FLAG_WRITE && !(vma->vm_flags & VM_SHARED))
		return rsv_fault_page(vmf);
	unstable = rsv_fault_unstable(vma);
	if (unstable)
		return unstable;
	error = rsv_fault_map(vma, address, rsv_fault_end(vmf, address));
	/* Somebody else mapped the page meanwhile, or the entry says more than that it is none. */
	if (error == -EBUSY || error == -EHWPOISON)
		return rsv_fault_page(vmf);
	/* The kernel freed the empty page table meanwhile. The program touches the page again. */
	if (error == -EFAULT)
		return VM_FAULT_NOPAGE;
	if (error)
		return vmf_error(error);
	rsv_fault_map(vma, max(vma->vm_start, ALIGN_DOWN(address, RSV_FAULT_BYTES)), address);
	return VM_FAULT_NOPAGE;
}

static const struct vm_operations_struct rsv_vma_ops = {
	.fault = rsv_vma_fault,
};

/**
 * rsv_buffer_map() - set up a mapping of a buffer
 * @vma: the mapping; its file is one of the buffer's, and its offset counts in the buffer
 *
 * A personality with READ_IMPLIES_EXEC asks for executable memory all the time, without meaning it.
 * It gets memory that is not executable. On a mount with noexec the kernel refuses executable
 * mappings before it asks this function, with -EPERM.
 *
 * Context: mmap_lock held.
 * Return: 0, or -EACCES for an executable mapping.
 */
int rsv_buffer_map(struct vm_area_struct *vma)
{
	if (vma->vm_flags & VM_EXEC && !(current->personality & READ_IMPLIES_EXEC))
		return -EACCES;
	vm_flags_clear(vma, VM_EXEC | VM_MAYEXEC);
	/* The flag for mixed mappings lets a fault map many pages. */
	vm_flags_set(vma, VM_DONTEXPAND | VM_MIXEDMAP);
	vma->vm_ops = &rsv_vma_ops;
	return 0;
}
