// SPDX-License-Identifier: GPL-2.0
/*
 * /dev/reservoir: open, dispatch of ioctls, mmap.
 *
 * Each descriptor has a table of handles and a mutex. An ioctl holds the mutex from start to end.
 * So no ioctl can free a handle that another one has looked up. Nor can an ioctl find a new handle
 * before the ioctl that creates it knows that the program has received its number. Descriptors
 * share nothing but the regions.
 *
 * mmap() runs with mmap_lock held, and an ioctl takes mmap_lock when it faults on the program's
 * memory, so mmap() must not take the mutex. It finds its buffer in the tree of offsets, which has
 * a spinlock of its own.
 */
#include <linux/completion.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/minmax.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/uaccess.h>

#include "buffer_file.h"
#include "buffer_inode.h"
#include "device.h"
#include "file.h"
#include "handle.h"
#include "ioctl.h"
#include "mmap_offset.h"

/*
 * Ioctls with numbers from here on change something, so the descriptor must be open for writing;
 * the others only look, so it must be open for reading.
 */
#define RSV_FIRST_CHANGE	0x10U

/* The module is loaded: programs that open the device before wait for that. */
static DECLARE_COMPLETION(rsv_device_started);

static int rsv_ioctl_get_arg(union rsv_ioctl_arg *arg, const struct rsv_ioctl *ioctl,
			     void __user *user, u32 *size)
{
	int error;

	if (get_user(*size, (u32 __user *)user))
		return -EFAULT;
	if (*size < ioctl->first_size)
		return -EINVAL;
	if (*size > PAGE_SIZE)
		return -E2BIG;
	error = copy_struct_from_user(arg, ioctl->size, user, *size);
	if (error)
		return error;
	/* The program may have changed its memory since: the size that was checked counts. */
	arg->head.size = *size;
	return arg->head.flags & ~ioctl->flags ? -EINVAL : 0;
}

/* The field of the present ioctl's structure that tells why it failed, or NULL */
static u32 *rsv_ioctl_refusal(struct rsv_file *f, const struct rsv_ioctl *ioctl)
{
	return ioctl->refusal ? (void *)&f->arg + ioctl->refusal : NULL;
}

static int rsv_ioctl_try(struct rsv_file *f, const struct rsv_ioctl *ioctl)
{
	u32 *refusal = rsv_ioctl_refusal(f, ioctl);
	int error;

	if (refusal)
		*refusal = 0;
	error = ioctl->run(f, &f->arg);
	/* If it was not the region that had no memory, then it was the system. */
	if (error == -ENOMEM && refusal && !*refusal)
		*refusal = RSV_REFUSED_SYSTEM;
	return error;
}

/* Tells why an ioctl failed, if the program's structure has room. All else in it stays. */
static void rsv_ioctl_put_refusal(struct rsv_file *f, const struct rsv_ioctl *ioctl,
				  void __user *user, u32 size)
{
	const u32 *refusal = rsv_ioctl_refusal(f, ioctl);

	/* A program that cannot be told gets the error all the same. */
	if (refusal && size >= ioctl->refusal + sizeof(*refusal))
		put_user(*refusal, (u32 __user *)(user + ioctl->refusal));
}

/* The program gets the new descriptor once nothing can fail any more. */
static void rsv_ioctl_put_fd(struct rsv_file *f, int error)
{
	const int fd = f->arg.buffer_fd.fd;

	if (!error) {
		fd_install(fd, f->new_file);
		return;
	}
	put_unused_fd(fd);
	fput(f->new_file);
}

static int rsv_ioctl_run(struct rsv_file *f, const struct rsv_ioctl *ioctl, void __user *user)
{
	u32 size;
	int error = rsv_ioctl_get_arg(&f->arg, ioctl, user, &size);

	if (error)
		return error;
	f->new_number = 0;
	f->new_file = NULL;
	error = rsv_ioctl_try(f, ioctl);
	/* Such a refusal has changed nothing. It may be due to memory that was given back since. */
	if (error == -EDQUOT && rsv_file_recount(f))
		error = rsv_ioctl_try(f, ioctl);
	if (error)
		rsv_ioctl_put_refusal(f, ioctl, user, size);
	if (!error && ioctl->answers &&
	    copy_to_user(user, &f->arg, min_t(size_t, size, ioctl->size)))
		error = -EFAULT;
	/* The program does not know the number of the new handle, so it could not free it. */
	if (error && f->new_number)
		rsv_file_drop(f, f->new_number);
	if (f->new_file)
		rsv_ioctl_put_fd(f, error);
	return error;
}

static long rsv_device_ioctl(struct file *file, unsigned int cmd, unsigned long address)
{
	const struct rsv_ioctl *ioctl = rsv_ioctl_find(cmd);
	struct rsv_file *f = file->private_data;
	int error;

	if (!ioctl)
		return -ENOTTY;
	if (!(file->f_mode & (_IOC_NR(cmd) < RSV_FIRST_CHANGE ? FMODE_READ : FMODE_WRITE)))
		return -EBADF;
	/* Another thread may hold the lock for as long as a fault on its memory takes. */
	error = mutex_lock_killable(&f->lock);
	if (error)
		return error;
	error = rsv_ioctl_run(f, ioctl, (void __user *)address);
	mutex_unlock(&f->lock);
	return error;
}

static int rsv_device_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct rsv_file *f = file->private_data;
	struct rsv_buffer *b = rsv_mmap_offset_get(&f->offsets, vma->vm_pgoff);
	int error;

	if (!b)
		return -EINVAL;
	error = rsv_buffer_mmap(b, vma);
	rsv_handle_put(&b->handle);
	return error;
}

static void rsv_device_unpin(const struct file *file)
{
	if (file->f_mode & FMODE_WRITE)
		rsv_buffer_inodes_unpin();
}

static int rsv_device_open(struct inode *inode, struct file *file)
{
	struct rsv_file *f;
	int error;

	/* Mappings are cached. A program that asks for the opposite does not get it silently. */
	if (file->f_flags & O_DSYNC)
		return -EINVAL;
	error = wait_for_completion_killable(&rsv_device_started);

	if (error)
		return error;
	/* Only a descriptor that is open for writing can have buffers. */
	if (file->f_mode & FMODE_WRITE)
		error = rsv_buffer_inodes_pin();
	if (error)
		return error;
	f = rsv_file_create();
	if (!f) {
		rsv_device_unpin(file);
		return -ENOMEM;
	}
	file->private_data = f;
	return nonseekable_open(inode, file);
}

/* The kernel calls this when the last copy of the descriptor is gone. */
static int rsv_device_release(struct inode *inode, struct file *file)
{
	rsv_file_destroy(file->private_data);
	rsv_device_unpin(file);
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
 * rsv_device_create() - create /dev/reservoir
 *
 * Programs may open the device before this function returns, and wait for rsv_device_start().
 *
 * Context: Process; may sleep.
 * Return: 0 or an error number.
 */
int rsv_device_create(void)
{
	return misc_register(&rsv_device);
}

/**
 * rsv_device_start() - let programs use /dev/reservoir
 *
 * Context: Process.
 */
void rsv_device_start(void)
{
	complete_all(&rsv_device_started);
}

/**
 * rsv_device_destroy() - remove /dev/reservoir
 *
 * Context: Process; may sleep. No descriptor is open, since each has a reference to the module.
 */
void rsv_device_destroy(void)
{
	misc_deregister(&rsv_device);
}
