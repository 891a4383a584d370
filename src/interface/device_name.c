// SPDX-License-Identifier: GPL-2.0
/*
 * Devices as programs and the administrator name them, "BUS/NAME", and who may bind buffers to
 * which.
 *
 * A device does DMA to whatever address it is told, unless an IOMMU is in the way. So binding is
 * for those who may touch hardware anyway, with CAP_SYS_RAWIO. The administrator lists further
 * devices in the parameter devices=: for these the right to open /dev/reservoir is enough.
 */
#define pr_fmt(fmt) "reservoir: " fmt

#include <linux/capability.h>
#include <linux/ctype.h>
#include <linux/device.h>
#include <linux/err.h>
#include <linux/moduleparam.h>
#include <linux/notifier.h>
#include <linux/pci.h>
#include <linux/platform_device.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/sysfs.h>

#include "compat.h"
#include "device_name.h"

/* The buses with devices that do DMA. The kernel finds a bus by its name for itself only. */
static const struct {
	const char *name;
	typeof(platform_bus_type) *type;
} rsv_buses[] = {
	{"platform", &platform_bus_type},
	{"pci", RSV_PCI_BUS},
};

/* The parameter devices=: names with commas between them (kernel_param_lock()) */
static char *rsv_devices;

/* Whether the name can be one: BUS/NAME, in characters that a list can have */
static bool rsv_device_name_ok(const char *name)
{
	const char *slash = strchr(name, '/'), *c;

	for (c = name; *c; c++) {
		if (!isascii(*c) || !isgraph(*c) || *c == ',')
			return false;
	}
	return slash && slash > name && slash[1] && c - name < RSV_DEVICE_NAME_MAX;
}

/* Checks a list of names, which it cuts into pieces. */
static bool rsv_devices_ok(char *list)
{
	const char *name;

	while ((name = strsep(&list, ","))) {
		if (!rsv_device_name_ok(name)) {
			pr_err("devices=%.64s is not understood: want pci/NAME or platform/NAME\n",
			       name);
			return false;
		}
	}
	return true;
}

static int rsv_devices_set(const char *value, const struct kernel_param *param)
{
	char *list = kstrdup(value, GFP_KERNEL), *pieces;
	bool ok;

	if (!list)
		return -ENOMEM;
	/* What echo writes ends with a new line. */
	strim(list);
	pieces = kstrdup(list, GFP_KERNEL);
	ok = pieces && (!*pieces || rsv_devices_ok(pieces));
	if (ok)
		swap(list, rsv_devices);
	kfree(list);
	if (!pieces)
		return -ENOMEM;
	kfree(pieces);
	return ok ? 0 : -EINVAL;
}

static int rsv_devices_get(char *text, const struct kernel_param *param)
{
	return sysfs_emit(text, "%s\n", rsv_devices ?: "");
}

static void rsv_devices_free(void *arg)
{
	kfree(rsv_devices);
}

const struct kernel_param_ops rsv_devices_ops = {
	.set = rsv_devices_set,
	.get = rsv_devices_get,
	.free = rsv_devices_free,
};

static bool rsv_device_listed(const char *name)
{
	const size_t length = strlen(name);
	const char *at;
	bool found = false;

	kernel_param_lock(THIS_MODULE);
	for (at = rsv_devices; at && !found; at = strchr(at, ',')) {
		at += *at == ',';
		found = !strncmp(at, name, length) && (!at[length] || at[length] == ',');
	}
	kernel_param_unlock(THIS_MODULE);
	return found;
}

static struct device *rsv_device_find_on(typeof(platform_bus_type) *bus, const char *name,
					 u32 *refusal)
{
	struct device *dev = bus_find_device_by_name(bus, NULL, name);

	if (!dev) {
		*refusal = RSV_REFUSED_DEVICE;
		return ERR_PTR(-ENODEV);
	}
	if (dev->dma_mask && *dev->dma_mask)
		return dev;
	put_device(dev);
	*refusal = RSV_REFUSED_NO_DMA;
	return ERR_PTR(-EOPNOTSUPP);
}

/**
 * rsv_device_find() - find a device that the current program may bind buffers to
 * @name: the name, "BUS/NAME", from a program; it ends with a NUL
 * @refusal: set if there is no such device: RSV_REFUSED_*
 *
 * Context: Process; may sleep.
 * Return: The device, with a reference for the caller, or ERR_PTR: -EINVAL if it can be no name,
 * -EPERM if the program may not, -ENODEV, or -EOPNOTSUPP if the device does no DMA.
 */
struct device *rsv_device_find(const char *name, u32 *refusal)
{
	size_t i, length;

	if (!rsv_device_name_ok(name))
		return ERR_PTR(-EINVAL);
	if (!rsv_device_listed(name) && !capable(CAP_SYS_RAWIO))
		return ERR_PTR(-EPERM);
	for (i = 0; i < ARRAY_SIZE(rsv_buses); i++) {
		length = strlen(rsv_buses[i].name);
		if (rsv_buses[i].type && !strncmp(name, rsv_buses[i].name, length) &&
		    name[length] == '/')
			return rsv_device_find_on(rsv_buses[i].type, name + length + 1, refusal);
	}
	*refusal = RSV_REFUSED_BUS;
	return ERR_PTR(-ENODEV);
}

/**
 * rsv_device_is_on_bus() - whether a device has not been removed
 * @dev: a device that rsv_device_find() found
 *
 * A caller that excludes notifiers knows: if so, BUS_NOTIFY_REMOVED_DEVICE is still to come.
 *
 * Context: Process; may sleep.
 * Return: true if its bus knows it.
 */
bool rsv_device_is_on_bus(struct device *dev)
{
	struct device *there = bus_find_device_by_name(dev->bus, NULL, dev_name(dev));

	put_device(there);
	return there == dev;
}

static void rsv_buses_unregister_first(size_t nr, struct notifier_block *nb)
{
	while (nr--) {
		if (rsv_buses[nr].type)
			bus_unregister_notifier(rsv_buses[nr].type, &nb[nr]);
	}
}

/**
 * rsv_buses_register() - be told when drivers and devices come and go
 * @nb: an array of %RSV_BUSES notifiers, one for each bus
 *
 * Context: Process; may sleep.
 * Return: 0 or an error number.
 */
int rsv_buses_register(struct notifier_block *nb)
{
	size_t i;
	int error;

	static_assert(ARRAY_SIZE(rsv_buses) == RSV_BUSES);
	for (i = 0; i < RSV_BUSES; i++) {
		error = rsv_buses[i].type ? bus_register_notifier(rsv_buses[i].type, &nb[i]) : 0;
		if (error) {
			rsv_buses_unregister_first(i, nb);
			return error;
		}
	}
	return 0;
}

/**
 * rsv_buses_unregister() - undo rsv_buses_register()
 * @nb: the notifiers
 *
 * Context: Process; may sleep.
 */
void rsv_buses_unregister(struct notifier_block *nb)
{
	rsv_buses_unregister_first(RSV_BUSES, nb);
}
