// SPDX-License-Identifier: GPL-2.0
/*
 * The ioctls for programs that drive devices: bindings, and physical addresses.
 *
 * A physical address helps an attacker who found another hole, and tells how memory is laid out.
 * So it is for those with CAP_SYS_RAWIO, unless the administrator gives it to all who may open the
 * device, by the parameter phys=.
 */
#define pr_fmt(fmt) "reservoir: " fmt

#include <linux/capability.h>
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/moduleparam.h>
#include <linux/string.h>
#include <linux/sysfs.h>

#include "bind.h"
#include "buffer.h"
#include "file.h"
#include "handle.h"
#include "ioctl_bind.h"

/* The values of the parameter phys= */
static const char *const rsv_phys_names[] = {"root", "group", NULL};

/* Index of the parameter's value */
static int rsv_phys;

static int rsv_phys_set(const char *value, const struct kernel_param *param)
{
	const int index = __sysfs_match_string(rsv_phys_names, -1, value);

	if (index < 0) {
		/* What echo writes ends with a new line. */
		pr_err("phys=%.*s is not understood: want root or group\n",
		       (int)strcspn(value, "\n"), value);
		return -EINVAL;
	}
	WRITE_ONCE(rsv_phys, index);
	return 0;
}

static int rsv_phys_get(char *text, const struct kernel_param *param)
{
	return sysfs_emit(text, "%s\n", rsv_phys_names[READ_ONCE(rsv_phys)]);
}

const struct kernel_param_ops rsv_phys_ops = {
	.set = rsv_phys_set,
	.get = rsv_phys_get,
};

static bool rsv_device_name_is_terminated(const char name[RSV_DEVICE_NAME_MAX])
{
	return strnlen(name, RSV_DEVICE_NAME_MAX) < RSV_DEVICE_NAME_MAX;
}

int rsv_do_bind(struct rsv_file *f, union rsv_ioctl_arg *arg)
{
	struct rsv_ioc_bind *req = &arg->bind;
	struct rsv_handle *h = rsv_file_find(f, req->buffer, &rsv_kind_buffer);
	struct rsv_binding *b;

	if (IS_ERR(h))
		return PTR_ERR(h);
	if (!rsv_device_name_is_terminated(req->device))
		return -EINVAL;
	if (!rsv_file_has_bindings_left(f))
		return -EMFILE;
	b = rsv_binding_create(f, h, req);
	if (IS_ERR(b))
		return PTR_ERR(b);
	return rsv_file_add(f, &b->handle, &req->handle);
}

/* The binding that an ioctl names; @offset must lie within its buffer, of which @rest is set. */
static struct rsv_binding *rsv_file_binding(struct rsv_file *f, u32 number, u64 offset, u64 *rest)
{
	struct rsv_handle *h = rsv_file_find(f, number, &rsv_kind_binding);
	struct rsv_buffer *buffer;

	if (IS_ERR(h))
		return ERR_CAST(h);
	buffer = container_of(h->parent, struct rsv_buffer, handle);
	if (offset >= (u64)buffer->nr_pages << PAGE_SHIFT)
		return ERR_PTR(-EINVAL);
	*rest = ((u64)buffer->nr_pages << PAGE_SHIFT) - offset;
	return container_of(h, struct rsv_binding, handle);
}

int rsv_do_sync(struct rsv_file *f, union rsv_ioctl_arg *arg)
{
	const struct rsv_ioc_sync *req = &arg->sync;
	u64 rest;
	struct rsv_binding *b = rsv_file_binding(f, req->binding, req->offset, &rest);

	if (IS_ERR(b))
		return PTR_ERR(b);
	if (req->padding || !req->length || req->length > rest)
		return -EINVAL;
	if (req->direction < RSV_DMA_TO_DEVICE || req->direction > RSV_DMA_BOTH)
		return -EINVAL;
	if (req->owner != RSV_OWNER_CPU && req->owner != RSV_OWNER_DEVICE)
		return -EINVAL;
	return rsv_binding_sync(b, req);
}

int rsv_do_dma_address(struct rsv_file *f, union rsv_ioctl_arg *arg)
{
	struct rsv_ioc_dma_address *req = &arg->dma_address;
	u64 rest;
	struct rsv_binding *b = rsv_file_binding(f, req->binding, req->offset, &rest);

	if (IS_ERR(b))
		return PTR_ERR(b);
	return req->padding ? -EINVAL : rsv_binding_address(b, req);
}

static void rsv_buffer_physical(const struct rsv_buffer *b, struct rsv_ioc_physical *req)
{
	unsigned long first = req->offset >> PAGE_SHIFT, end = b->nr_pages;
	const unsigned long pfn = page_to_pfn(rsv_buffer_page(b, first));

	if (b->pages) {
		for (end = first + 1; end < b->nr_pages; end++) {
			if (page_to_pfn(b->pages[end]) != pfn + (end - first))
				break;
		}
	}
	req->physical = PFN_PHYS((u64)pfn) + offset_in_page(req->offset);
	req->length = ((u64)end << PAGE_SHIFT) - req->offset;
}

int rsv_do_physical(struct rsv_file *f, union rsv_ioctl_arg *arg)
{
	struct rsv_ioc_physical *req = &arg->physical;
	struct rsv_handle *h = rsv_file_find(f, req->buffer, &rsv_kind_buffer);
	struct rsv_buffer *b;

	if (IS_ERR(h))
		return PTR_ERR(h);
	b = container_of(h, struct rsv_buffer, handle);
	if (req->padding || req->offset >= (u64)b->nr_pages << PAGE_SHIFT)
		return -EINVAL;
	if (!READ_ONCE(rsv_phys) && !capable(CAP_SYS_RAWIO))
		return -EPERM;
	rsv_buffer_physical(b, req);
	return 0;
}

int rsv_do_device_quiet(struct rsv_file *f, union rsv_ioctl_arg *arg)
{
	struct rsv_ioc_device_quiet *req = &arg->device_quiet;

	if (!rsv_device_name_is_terminated(req->device))
		return -EINVAL;
	return rsv_bound_device_set_quiet(req);
}
