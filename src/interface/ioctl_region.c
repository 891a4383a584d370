// SPDX-License-Identifier: GPL-2.0
/*
 * The ioctls that take a region by its name. Any program that can open the device may list regions
 * and open one. Creating, destroying and resizing a region moves memory between the system and
 * Reservoir, so those need CAP_SYS_ADMIN.
 */
#include <linux/capability.h>
#include <linux/err.h>
#include <linux/limits.h>
#include <linux/minmax.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "file.h"
#include "handle.h"
#include "ioctl_region.h"
#include "name.h"
#include "region.h"
#include "region_list.h"

int rsv_do_region_next(struct rsv_file *f, union rsv_ioctl_arg *arg)
{
	struct rsv_ioc_region_next *next = &arg->region_next;

	memset_after(next, 0, id);
	return rsv_region_next(next);
}

int rsv_do_region_open(struct rsv_file *f, union rsv_ioctl_arg *arg)
{
	struct rsv_ioc_region_open *req = &arg->region_open;
	struct rsv_region_handle *o;

	if (req->reserved || !rsv_name_is_terminated(req->name))
		return -EINVAL;
	o = rsv_opened_handle_create(req->name, req->flags);
	if (IS_ERR(o))
		return PTR_ERR(o);
	return rsv_file_add(f, &o->handle, &req->handle);
}

/* Refuses what struct rsv_reserve cannot express; rsv_reserve_ok() checks the rest. */
static int rsv_reserve_convert(struct rsv_reserve *to, const struct rsv_ioc_reserve *from)
{
	if (from->reserved || from->bytes > SIZE_MAX || from->shared > SIZE_MAX)
		return -EINVAL;
	if (!(from->flags & RSV_RESERVE_NODE) && from->node)
		return -EINVAL;
	*to = (struct rsv_reserve){
		.bytes = from->bytes,
		.shared = from->shared,
		.flags = from->flags,
		.zone = from->zone,
		.nid = from->node,
	};
	return 0;
}

static int rsv_reserves_copy(struct rsv_reserve *to, const struct rsv_ioc_region_make *make)
{
	struct rsv_ioc_reserve __user *from = u64_to_user_ptr(make->reserves);
	struct rsv_ioc_reserve one;
	unsigned int i;
	int error;

	for (i = 0; i < make->count; i++) {
		if (copy_from_user(&one, from + i, sizeof(one)))
			return -EFAULT;
		error = rsv_reserve_convert(&to[i], &one);
		if (error)
			return error;
	}
	return 0;
}

int rsv_do_region_make(struct rsv_file *f, union rsv_ioctl_arg *arg)
{
	const struct rsv_ioc_region_make *make = &arg->region_make;
	struct rsv_reserve *want;
	struct rsv_region *r;
	int error;

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	if (make->reserved || make->count > RSV_RESERVES_MAX || !rsv_name_is_terminated(make->name))
		return -EINVAL;
	want = kcalloc(RSV_RESERVES_MAX, sizeof(*want), GFP_KERNEL_ACCOUNT);
	if (!want)
		return -ENOMEM;
	error = rsv_reserves_copy(want, make);
	if (!error) {
		r = rsv_region_create_as(make->name, want, make->count, RSV_REGION_NAMED);
		error = PTR_ERR_OR_ZERO(r);
	}
	kfree(want);
	return error;
}

int rsv_do_region_end(struct rsv_file *f, union rsv_ioctl_arg *arg)
{
	const struct rsv_ioc_region_end *end = &arg->region_end;

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	return rsv_name_is_terminated(end->name) ? rsv_region_destroy_named(end->name) : -EINVAL;
}

int rsv_do_region_grow(struct rsv_file *f, union rsv_ioctl_arg *arg)
{
	const struct rsv_ioc_region_grow *grow = &arg->region_grow;
	struct rsv_reserve want;
	struct rsv_region *r;
	int error;

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	if (!rsv_name_is_terminated(grow->name) || rsv_reserve_convert(&want, &grow->want))
		return -EINVAL;
	r = rsv_region_get(grow->name, grow->flags);
	if (IS_ERR(r))
		return PTR_ERR(r);
	error = rsv_region_grow(r, &want);
	rsv_region_put(r);
	return error;
}

int rsv_do_region_shrink(struct rsv_file *f, union rsv_ioctl_arg *arg)
{
	struct rsv_ioc_region_shrink *shrink = &arg->region_shrink;
	struct rsv_region *r;

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	if (!rsv_name_is_terminated(shrink->name))
		return -EINVAL;
	r = rsv_region_get(shrink->name, shrink->flags);
	if (IS_ERR(r))
		return PTR_ERR(r);
	shrink->bytes = rsv_region_shrink(r, min_t(u64, shrink->bytes, SIZE_MAX));
	rsv_region_put(r);
	return 0;
}
