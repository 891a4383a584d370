// SPDX-License-Identifier: GPL-2.0
/*
 * Bindings: buffers that devices use, from RSV_IOC_BIND until the device is quiet.
 *
 * A device cannot be asked whether it still uses memory. So the rule at struct rsv_bound_device in
 * types.h says who answers for that, and what becomes of the memory if nobody does.
 *
 * rsv_bind_lock guards all devices and bindings. Who changes any of them has it for writing;
 * RSV_IOC_SYNC, which many programs call all the time, for reading. The kernel calls the notifier
 * with locks of the device held, so nothing here takes one of them. None is needed:
 *
 *	A driver binds: dev->driver points to it before the notifier hears of it. If a binding
 *	finds no driver there, under rsv_bind_lock, the notifier will find the binding.
 *
 *	A driver unbinds: dev->driver is NULL before the notifier hears of it. What is bound in
 *	between ends with the rest.
 *
 *	The device is removed: its bus forgets it after BUS_NOTIFY_DEL_DEVICE and before
 *	BUS_NOTIFY_REMOVED_DEVICE. If a binding finds it on the bus, under rsv_bind_lock, the
 *	latter will find the binding.
 *
 * Whoever ends a binding has no right to wait for what its memory depends on: a notifier holds
 * locks of the device. So a work item drops the references of the left bindings.
 */
#define pr_fmt(fmt) "reservoir: " fmt

#include <linux/container_of.h>
#include <linux/device.h>
#include <linux/dma-mapping.h>
#include <linux/err.h>
#include <linux/list.h>
#include <linux/llist.h>
#include <linux/module.h>
#include <linux/notifier.h>
#include <linux/pci.h>
#include <linux/rwsem.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#include "bind.h"
#include "device_name.h"
#include "dma.h"
#include "handle.h"

static DECLARE_RWSEM(rsv_bind_lock);
static LIST_HEAD(rsv_bound_devices);
static LLIST_HEAD(rsv_bindings_ended);
static struct workqueue_struct *rsv_bind_queue;

/* The work item runs on a queue that the module flushes, so its code stays after the last put. */
static void rsv_bindings_put(struct work_struct *work)
{
	struct rsv_binding *b, *next;

	llist_for_each_entry_safe(b, next, llist_del_all(&rsv_bindings_ended), ended) {
		rsv_handle_put(&b->handle);
		module_put(THIS_MODULE);
		cond_resched();
	}
}

static DECLARE_WORK(rsv_bindings_put_work, rsv_bindings_put);

/*
 * Devices, under rsv_bind_lock
 */

static struct rsv_bound_device *rsv_bound_device_find(const struct device *dev)
{
	struct rsv_bound_device *d;

	list_for_each_entry(d, &rsv_bound_devices, link) {
		if (d->dev == dev)
			return d;
	}
	return NULL;
}

static struct rsv_bound_device *rsv_bound_device_get(struct device *dev)
{
	struct rsv_bound_device *d = rsv_bound_device_find(dev);

	if (d)
		return d;
	d = kzalloc(sizeof(*d), GFP_KERNEL_ACCOUNT);
	if (!d)
		return NULL;
	d->dev = get_device(dev);
	INIT_LIST_HEAD(&d->bindings);
	list_add(&d->link, &rsv_bound_devices);
	return d;
}

static void rsv_bound_device_restore_mask(struct rsv_bound_device *d)
{
	if (d->bits)
		dma_set_mask(d->dev, d->mask);
	d->bits = 0;
}

static int rsv_bound_device_set_mask(struct rsv_bound_device *d, u32 bits, u32 *refusal)
{
	const u64 mask = *d->dev->dma_mask;

	if (!bits || bits == d->bits)
		return 0;
	*refusal = RSV_REFUSED_BITS;
	if (d->bits)
		return -EBUSY;
	if (dma_set_mask(d->dev, DMA_BIT_MASK(bits)))
		return -EIO;
	*refusal = 0;
	d->mask = mask;
	d->bits = bits;
	return 0;
}

/*
 * A PCI device that is no bus master sends no request. A read of its configuration answers only
 * after all writes to memory that the device sent before.
 */
static void rsv_pci_stop(struct device *dev)
{
	u16 command;

	pci_clear_master(to_pci_dev(dev));
	pci_read_config_word(to_pci_dev(dev), PCI_COMMAND, &command);
}

/* Whether a device does no DMA, whatever programs do. A driver could change that at any time. */
static bool rsv_bound_device_is_quiet(const struct rsv_bound_device *d)
{
	u16 command;

	if (!dev_is_pci(d->dev) || READ_ONCE(d->dev->driver))
		return false;
	pci_read_config_word(to_pci_dev(d->dev), PCI_COMMAND, &command);
	return !(command & PCI_COMMAND_MASTER);
}

static void rsv_binding_end(struct rsv_binding *b)
{
	rsv_dma_unmap(b, b->device->dev);
	list_del(&b->link);
	b->device->nr_masters -= b->master;
	b->device = NULL;
	if (!b->left)
		return;
	llist_add(&b->ended, &rsv_bindings_ended);
	queue_work(rsv_bind_queue, &rsv_bindings_put_work);
}

/* Ends the bindings that were left and, if @master, those with RSV_BIND_MASTER. */
static void rsv_bound_device_end_some(struct rsv_bound_device *d, bool master)
{
	struct rsv_binding *b, *next;

	list_for_each_entry_safe(b, next, &d->bindings, link) {
		if (b->left || (master && b->master))
			rsv_binding_end(b);
		cond_resched();
	}
}

static void rsv_bound_device_end_all(struct rsv_bound_device *d)
{
	struct rsv_binding *b, *next;

	list_for_each_entry_safe(b, next, &d->bindings, link) {
		rsv_binding_end(b);
		cond_resched();
	}
}

/* The device, if it was a master, is quiet from then on. */
static void rsv_bound_device_end_master(struct rsv_bound_device *d)
{
	if (!d->master)
		return;
	d->master = NULL;
	rsv_pci_stop(d->dev);
	rsv_bound_device_end_some(d, true);
}

/* After bindings ended: undoes what was done to the device for them. */
static void rsv_bound_device_settle(struct rsv_bound_device *d)
{
	if (!d->nr_masters)
		rsv_bound_device_end_master(d);
	if (!list_empty(&d->bindings))
		return;
	rsv_bound_device_restore_mask(d);
	list_del(&d->link);
	put_device(d->dev);
	kfree(d);
}

/*
 * Bindings
 */

static void rsv_binding_release(struct rsv_handle *h)
{
	struct rsv_binding *b = container_of(h, struct rsv_binding, handle);
	struct rsv_handle *parent = h->parent;
	struct rsv_bound_device *d;

	down_write(&rsv_bind_lock);
	d = b->device;
	if (d) {
		/* The program, with its last binding, or whoever closed the descriptor says so. */
		rsv_binding_end(b);
		rsv_bound_device_settle(d);
	}
	up_write(&rsv_bind_lock);
	rsv_dma_free(b);
	kfree(b);
	rsv_handle_put(parent);
}

const struct rsv_handle_kind rsv_kind_binding = { .release = rsv_binding_release };

/*
 * Whether the device can do DMA, and whether mask and bus mastering are the program's to set: see
 * struct rsv_bound_device
 */
static int rsv_bound_device_check(const struct rsv_bound_device *d, const struct rsv_file *f,
				  struct rsv_ioc_bind *req)
{
	const bool master = req->flags & RSV_BIND_MASTER;

	if ((master || req->bits) && READ_ONCE(d->dev->driver)) {
		req->refusal = RSV_REFUSED_DRIVER;
		return -EBUSY;
	}
	/* The kernel sets the DMA of such a device up when a driver binds to it. */
	if (!dev_is_pci(d->dev) && !READ_ONCE(d->dev->driver)) {
		req->refusal = RSV_REFUSED_NO_DRIVER;
		return -EOPNOTSUPP;
	}
	if (master && d->master && d->master != f) {
		req->refusal = RSV_REFUSED_MASTER;
		return -EBUSY;
	}
	return 0;
}

static int rsv_bound_device_add(struct rsv_bound_device *d, struct rsv_binding *b,
				const struct rsv_file *f, struct rsv_ioc_bind *req)
{
	const u32 bits = d->bits;
	int error;

	error = rsv_bound_device_check(d, f, req) ?:
		rsv_bound_device_set_mask(d, req->bits, &req->refusal) ?:
		rsv_dma_map(b, d->dev, &req->refusal);
	if (error) {
		/* What is refused changes nothing for the device's other bindings. */
		if (!bits)
			rsv_bound_device_restore_mask(d);
		return error;
	}
	b->device = d;
	b->master = req->flags & RSV_BIND_MASTER;
	list_add(&b->link, &d->bindings);
	if (!b->master)
		return 0;
	d->nr_masters++;
	pci_set_master(to_pci_dev(d->dev));
	d->master = f;
	return 0;
}

/* Under rsv_bind_lock */
static int rsv_binding_begin(struct rsv_binding *b, struct device *dev, const struct rsv_file *f,
			     struct rsv_ioc_bind *req)
{
	struct rsv_bound_device *d;
	int error;

	if (!rsv_device_is_on_bus(dev)) {
		req->refusal = RSV_REFUSED_DEVICE;
		return -ENODEV;
	}
	d = rsv_bound_device_get(dev);
	if (!d)
		return -ENOMEM;
	error = rsv_bound_device_add(d, b, f, req);
	if (error)
		rsv_bound_device_settle(d);
	return error;
}

/* A platform device may share its parent's mask. A bridge masters for all that is behind it. */
static bool rsv_bind_makes_sense(struct device *dev, const struct rsv_ioc_bind *req)
{
	if (!dev_is_pci(dev))
		return !req->bits && !(req->flags & RSV_BIND_MASTER);
	return !(req->flags & RSV_BIND_MASTER) ||
	       to_pci_dev(dev)->hdr_type == PCI_HEADER_TYPE_NORMAL;
}

static struct rsv_binding *rsv_binding_create_for(struct device *dev, const struct rsv_file *f,
						  struct rsv_handle *buffer,
						  struct rsv_ioc_bind *req)
{
	struct rsv_binding *b;
	int error;

	if (!rsv_bind_makes_sense(dev, req))
		return ERR_PTR(-EINVAL);
	b = kzalloc(sizeof(*b), GFP_KERNEL_ACCOUNT);
	if (!b)
		return ERR_PTR(-ENOMEM);
	rsv_handle_init(&b->handle, &rsv_kind_binding, buffer);
	error = rsv_dma_prepare(b);
	if (!error) {
		down_write(&rsv_bind_lock);
		error = rsv_binding_begin(b, dev, f, req);
		up_write(&rsv_bind_lock);
	}
	if (!error)
		return b;
	rsv_handle_put(&b->handle);
	return ERR_PTR(error);
}

/**
 * rsv_binding_create() - let a device use a buffer
 * @f: the descriptor that will own the binding
 * @buffer: the handle of the buffer
 * @req: the program's request, whose flags are known ones. The function sets its answers and, if it
 *	fails, @req->refusal
 *
 * Context: Process; may sleep.
 * Return: The binding, or ERR_PTR: as rsv_device_find() and rsv_dma_map(), -EINVAL for a request
 * that makes no sense, -EBUSY if the device has a driver or another program has set it up
 * differently, -EIO if the kernel cannot serve a device of so few bits, -EOPNOTSUPP if its DMA was
 * never set up.
 */
struct rsv_binding *rsv_binding_create(const struct rsv_file *f, struct rsv_handle *buffer,
				       struct rsv_ioc_bind *req)
{
	struct rsv_binding *b;
	struct device *dev;

	if (req->padding || req->bits > 64)
		return ERR_PTR(-EINVAL);
	dev = rsv_device_find(req->device, &req->refusal);
	if (IS_ERR(dev))
		return ERR_CAST(dev);
	b = rsv_binding_create_for(dev, f, buffer, req);
	put_device(dev);
	if (IS_ERR(b))
		return b;
	/* What the device has been told is constant, whether the binding ends or not. */
	req->dma = rsv_dma_address(b, 0, &req->length);
	req->segments = rsv_dma_segments(b);
	return b;
}

/* The binding stays on its device's list after its descriptor is gone. */
static void rsv_binding_set_left(struct rsv_binding *b)
{
	b->left = true;
	kref_get(&b->handle.ref);
	__module_get(THIS_MODULE);
	pr_info_ratelimited("%s %s keeps %lu KiB of a program that ended without freeing them\n",
			    dev_bus_name(b->device->dev), dev_name(b->device->dev),
			    rsv_dma_buffer(b)->nr_pages << (PAGE_SHIFT - 10));
}

/**
 * rsv_binding_leave() - make a device quiet whose program may be dead, or keep the memory
 * @h: the handle of a binding
 * @f: its descriptor, which is about to be destroyed
 *
 * The caller calls this for all bindings before it drops the first one.
 *
 * Context: Process; may sleep.
 */
void rsv_binding_leave(struct rsv_handle *h, const struct rsv_file *f)
{
	struct rsv_binding *b = container_of(h, struct rsv_binding, handle);
	struct rsv_bound_device *d;

	down_write(&rsv_bind_lock);
	d = b->device;
	if (d && d->master == f) {
		rsv_bound_device_end_master(d);
		if (!b->device)
			rsv_bound_device_settle(d);
	}
	if (b->device && !rsv_bound_device_is_quiet(d))
		rsv_binding_set_left(b);
	up_write(&rsv_bind_lock);
}

/**
 * rsv_binding_sync() - give bytes of a bound buffer to the CPU or to the device
 * @b: the binding
 * @range: the program's request, which is within the buffer
 *
 * Context: Process; may sleep.
 * Return: 0, or -ENODEV if the binding ended.
 */
int rsv_binding_sync(struct rsv_binding *b, const struct rsv_ioc_sync *range)
{
	int error = -ENODEV;

	down_read(&rsv_bind_lock);
	if (b->device) {
		rsv_dma_sync(b, b->device->dev, range);
		error = 0;
	}
	up_read(&rsv_bind_lock);
	return error;
}

/**
 * rsv_binding_address() - tell the address of a byte of a bound buffer for its device
 * @b: the binding
 * @req: the program's request, whose offset is within the buffer. The function sets its answers
 *
 * Context: Process; may sleep.
 * Return: 0, or -ENODEV if the binding ended.
 */
int rsv_binding_address(struct rsv_binding *b, struct rsv_ioc_dma_address *req)
{
	int error = -ENODEV;

	down_read(&rsv_bind_lock);
	if (b->device) {
		req->dma = rsv_dma_address(b, req->offset, &req->length);
		error = 0;
	}
	up_read(&rsv_bind_lock);
	return error;
}

static u64 rsv_bound_device_left_bytes(const struct rsv_bound_device *d)
{
	const struct rsv_binding *b;
	u64 bytes = 0;

	list_for_each_entry(b, &d->bindings, link) {
		if (b->left)
			bytes += (u64)rsv_dma_buffer(b)->nr_pages << PAGE_SHIFT;
		cond_resched();
	}
	return bytes;
}

/**
 * rsv_bound_device_set_quiet() - end the bindings that programs left
 * @req: the program's request. The function sets its answers
 *
 * Context: Process; may sleep.
 * Return: 0, or as rsv_device_find().
 */
int rsv_bound_device_set_quiet(struct rsv_ioc_device_quiet *req)
{
	struct rsv_bound_device *d;
	struct device *dev;
	u32 refusal;

	dev = rsv_device_find(req->device, &refusal);
	if (IS_ERR(dev))
		return PTR_ERR(dev);
	req->bytes = 0;
	down_write(&rsv_bind_lock);
	d = rsv_bound_device_find(dev);
	if (d) {
		req->bytes = rsv_bound_device_left_bytes(d);
		rsv_bound_device_end_some(d, false);
		rsv_bound_device_settle(d);
	}
	up_write(&rsv_bind_lock);
	put_device(dev);
	/* The program may allocate the memory at once. */
	flush_work(&rsv_bindings_put_work);
	return 0;
}

/*
 * Drivers and devices that come and go
 */

static void rsv_bound_device_event(struct rsv_bound_device *d, unsigned long action)
{
	switch (action) {
	case BUS_NOTIFY_BIND_DRIVER:
		/* From now on the driver sets mask and bus mastering. */
		rsv_bound_device_end_master(d);
		rsv_bound_device_restore_mask(d);
		break;
	case BUS_NOTIFY_DEL_DEVICE:
	case BUS_NOTIFY_REMOVED_DEVICE:
		/* If the device has a driver, the kernel unbinds it next. */
		if (d->dev->driver)
			return;
		if (dev_is_pci(d->dev))
			rsv_pci_stop(d->dev);
		fallthrough;
	case BUS_NOTIFY_UNBOUND_DRIVER:
		rsv_bound_device_end_master(d);
		rsv_bound_device_end_all(d);
		break;
	}
	rsv_bound_device_settle(d);
}

static bool rsv_bind_minds(unsigned long action)
{
	return action == BUS_NOTIFY_BIND_DRIVER || action == BUS_NOTIFY_UNBOUND_DRIVER ||
	       action == BUS_NOTIFY_DEL_DEVICE || action == BUS_NOTIFY_REMOVED_DEVICE;
}

static int rsv_bind_notify(struct notifier_block *nb, unsigned long action, void *dev)
{
	struct rsv_bound_device *d;

	/* The kernel also tells of every device that comes, and of drivers before they bind. */
	if (!rsv_bind_minds(action))
		return NOTIFY_DONE;
	down_write(&rsv_bind_lock);
	d = rsv_bound_device_find(dev);
	if (d)
		rsv_bound_device_event(d, action);
	up_write(&rsv_bind_lock);
	return NOTIFY_DONE;
}

/* Before the kernel's own, which take the device's IOMMU away */
static struct notifier_block rsv_bind_notifiers[RSV_BUSES] = {
	[0 ... RSV_BUSES - 1] = {
		.notifier_call = rsv_bind_notify,
		.priority = INT_MAX,
	},
};

/**
 * rsv_bind_start() - make ready for bindings
 *
 * Context: Process; may sleep.
 * Return: 0 or an error number.
 */
int rsv_bind_start(void)
{
	int error;

	rsv_bind_queue = alloc_workqueue("reservoir_bind", WQ_UNBOUND, 0);
	if (!rsv_bind_queue)
		return -ENOMEM;
	error = rsv_buses_register(rsv_bind_notifiers);
	if (error)
		destroy_workqueue(rsv_bind_queue);
	return error;
}

/**
 * rsv_bind_stop() - undo rsv_bind_start()
 *
 * Context: Process; may sleep. No binding is left, since each of them has a reference to the
 *	module, its own or its descriptor's.
 */
void rsv_bind_stop(void)
{
	rsv_buses_unregister(rsv_bind_notifiers);
	destroy_workqueue(rsv_bind_queue);
}
