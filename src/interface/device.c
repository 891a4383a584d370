// SPDX-License-Identifier: GPL-2.0
/*
 * /dev/reservoir: open, ioctl, mmap.
 *
 * A descriptor has a table of handles, and a mutex under which all its ioctls run one after the
 * other: what one of them has looked up cannot be freed by another meanwhile, and what one of them
 * makes is not found by another before the maker knows that its program has learnt the handle.
 * Descriptors do not meet in anything but the regions.
 *
 * mmap() comes with mmap_lock held and an ioctl takes mmap_lock when the program's memory faults,
 * so mmap() cannot take the mutex. It finds its buffer through the tree of offsets, which has a
 * lock of its own.
 */
#include <linux/fs.h>
#include <linux/minmax.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/uaccess.h>

#include "buffer.h"
#include "device.h"
#include "ioctl.h"
#include "mmap_offset.h"

/* Numbers from here on change something and need a descriptor that is open for writing. */
#define RSV_FIRST_CHANGE 0x10U

static int rsv_ioctl_get_arg(union rsv_ioctl_arg *arg, const struct rsv_ioctl *c, void __user *user,
			     u32 *size)
{
	int error;

	if (get_user(*size, (u32 __user *)user))
		return -EFAULT;
	if (*size < c->first_size)
		return -EINVAL;
	if (*size > PAGE_SIZE)
		return -E2BIG;
	error = copy_struct_from_user(arg, c->size, user, *size);
	if (error)
		return error;
	/* What has been checked counts, whatever the program wrote there in the meantime. */
	arg->head.size = *size;
	return arg->head.flags & ~c->flags ? -EINVAL : 0;
}

static int rsv_ioctl_run(struct rsv_file *f, const struct rsv_ioctl *c, void __user *user)
{
	u32 size;
	int error = rsv_ioctl_get_arg(&f->arg, c, user, &size);

	if (error)
		return error;
	f->new_handle = 0;
	error = c->run(f, &f->arg);
	if (!error && c->answers && copy_to_user(user, &f->arg, min_t(size_t, size, c->size)))
		error = -EFAULT;
	if (error && f->new_handle)
		rsv_file_drop(f, f->new_handle);
	return error;
}

static long rsv_device_ioctl(struct file *file, unsigned int number, unsigned long address)
{
	const struct rsv_ioctl *c = rsv_ioctl_find(number);
	struct rsv_file *f = file->private_data;
	int error;

	if (!c)
		return -ENOTTY;
	if (_IOC_NR(number) >= RSV_FIRST_CHANGE && !(file->f_mode & FMODE_WRITE))
		return -EBADF;
	/* Another thread may keep us waiting for as long as its memory takes to fault in. */
	error = mutex_lock_killable(&f->lock);
	if (error)
		return error;
	error = rsv_ioctl_run(f, c, (void __user *)address);
	mutex_unlock(&f->lock);
	return error;
}

static int rsv_device_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct rsv_file *f = file->private_data;
	struct rsv_buffer *b = rsv_offsets_get(&f->offsets, vma->vm_pgoff);
	int error;

	if (!b)
		return -EINVAL;
	error = rsv_buffer_mmap(b, vma);
	if (error)
		rsv_handle_put(&b->handle);
	return error;
}

static int rsv_device_open(struct inode *inode, struct file *file)
{
	struct rsv_file *f = kzalloc(sizeof(*f), GFP_KERNEL_ACCOUNT);

	if (!f)
		return -ENOMEM;
	mutex_init(&f->lock);
	xa_init_flags(&f->handles, XA_FLAGS_ALLOC1 | XA_FLAGS_ACCOUNT);
	rsv_offsets_init(&f->offsets);
	file->private_data = f;
	return nonseekable_open(inode, file);
}

/*
 * The last copy of the descriptor is closed and nothing is mapped any more: all goes, each after
 * what stands on it.
 */
static int rsv_device_release(struct inode *inode, struct file *file)
{
	struct rsv_file *f = file->private_data;
	struct rsv_handle *h;
	unsigned long handle;

	xa_for_each(&f->handles, handle, h) {
		rsv_file_drop(f, handle);
		cond_resched();
	}
	xa_destroy(&f->handles);
	kfree(f);
	return 0;
}

static const struct file_operations rsv_device_operations = {
	.owner = THIS_MODULE,
	.open = rsv_device_open,
	.release = rsv_device_release,
	.unlocked_ioctl = rsv_device_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.mmap = rsv_device_mmap,
};

static struct miscdevice rsv_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "reservoir",
	.mode = 0660,
	.fops = &rsv_device_operations,
};

/**
 * rsv_device_create() - make /dev/reservoir appear
 *
 * Context: May sleep; programs may come at once.
 * Return: 0 or an error number.
 */
int rsv_device_create(void)
{
	return misc_register(&rsv_device);
}

/**
 * rsv_device_destroy() - make /dev/reservoir disappear
 *
 * Context: May sleep; no descriptor is open, since each holds the module.
 */
void rsv_device_destroy(void)
{
	misc_deregister(&rsv_device);
	rsv_buffers_exit();
}
