// SPDX-License-Identifier: GPL-2.0
/*
 * A driver whose memory is Reservoir's, built against an installed Reservoir. /dev/packets is a
 * queue: a write() adds a packet, and a read() takes the oldest one. As in a network driver, each
 * packet is an object of a cache, and the ring of pointers to them is a block of pages.
 */
#include <linux/fs.h>
#include <linux/minmax.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/reservoir.h>

#define RING_ORDER	2
#define RING_SIZE	((PAGE_SIZE << RING_ORDER) / sizeof(struct packet *))

struct packet {
	size_t length;
	char data[1500];
};

static struct rsv_cache *packets;
static struct packet **ring;
static unsigned int added, taken;	/* packets since the module was loaded */
static DEFINE_MUTEX(ring_lock);		/* guards the ring and both numbers */

/* Returns whether the ring had room. */
static bool client_add(struct packet *p)
{
	bool room;

	mutex_lock(&ring_lock);
	room = added - taken < RING_SIZE;
	if (room)
		ring[added++ % RING_SIZE] = p;
	mutex_unlock(&ring_lock);
	return room;
}

/* Returns the oldest packet, or NULL. */
static struct packet *client_take(void)
{
	struct packet *p = NULL;

	mutex_lock(&ring_lock);
	if (taken != added)
		p = ring[taken++ % RING_SIZE];
	mutex_unlock(&ring_lock);
	return p;
}

static ssize_t client_write(struct file *file, const char __user *from, size_t length, loff_t *pos)
{
	struct packet *p;
	int err = -ENOBUFS;

	if (length > sizeof(p->data))
		return -EMSGSIZE;
	p = rsv_cache_alloc(packets, GFP_KERNEL);
	if (!p)
		return -ENOMEM;
	p->length = length;
	if (rsv_copy_from_user(p->data, from, length))
		err = -EFAULT;
	else if (client_add(p))
		return length;
	rsv_cache_free(packets, p);
	return err;
}

static ssize_t client_read(struct file *file, char __user *to, size_t length, loff_t *pos)
{
	struct packet *p = client_take();
	ssize_t copied;

	if (!p)
		return 0;
	copied = min(length, p->length);
	if (rsv_copy_to_user(to, p->data, copied))
		copied = -EFAULT;
	rsv_cache_free(packets, p);
	return copied;
}

static const struct file_operations client_fops = {
	.owner = THIS_MODULE,
	.read = client_read,
	.write = client_write,
};

static struct miscdevice client_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "packets",
	.fops = &client_fops,
};

static void client_free(void)
{
	struct packet *p;

	while ((p = client_take()))
		rsv_cache_free(packets, p);
	rsv_free_pages((unsigned long)ring, RING_ORDER);
	rsv_cache_destroy(packets);
}

static int __init client_init(void)
{
	struct rsv_region *r = rsv_default_region();
	int err = -ENOMEM;

	packets = rsv_cache_create(r, "packets", sizeof(struct packet), 0, RSV_HWCACHE_ALIGN, NULL);
	if (IS_ERR(packets))
		return PTR_ERR(packets);
	ring = (struct packet **)rsv_get_free_pages(r, GFP_KERNEL, RING_ORDER);
	if (ring)
		err = misc_register(&client_device);
	if (err)
		client_free();
	return err;
}
module_init(client_init);

static void __exit client_exit(void)
{
	misc_deregister(&client_device);
	client_free();
}
module_exit(client_exit);

MODULE_DESCRIPTION("A queue of packets in Reservoir's memory");
MODULE_LICENSE("GPL");
