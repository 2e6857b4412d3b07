// SPDX-License-Identifier: GPL-2.0
/*
 * The four files by which a program knows a Raspberry Pi, on a machine whose kernel has no device tree:
 * /proc/device-tree/model, serial-number and system/linux,revision. The revision is a Zero 2 W's; the model says that
 * it is a bench. Nothing else of a Pi is here.
 */
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/proc_fs.h>

static const char model[] = "Raspberry Pi Zero 2 W Rev 1.0 (virtual bench)";
static const char serial[] = "00000000be4c0001";
static const char revision[] = { 0x00, 0x90, 0x21, 0x20 };
static struct proc_dir_entry *tree;

struct told {
	const char *text;
	size_t length;
};

static const struct told told_model = { model, sizeof(model) };
static const struct told told_serial = { serial, sizeof(serial) };
static const struct told told_revision = { revision, sizeof(revision) };

static ssize_t tell(struct file *file, char __user *to, size_t count, loff_t *at)
{
	const struct told *told = pde_data(file_inode(file));

	return simple_read_from_buffer(to, count, at, told->text, told->length);
}

static const struct proc_ops ops = { .proc_read = tell, .proc_lseek = default_llseek };

static int __init pi_tree_init(void)
{
	struct proc_dir_entry *system;

	tree = proc_mkdir("device-tree", NULL);
	system = tree ? proc_mkdir("system", tree) : NULL;
	if (!system || !proc_create_data("model", 0444, tree, &ops, (void *)&told_model) ||
	    !proc_create_data("serial-number", 0444, tree, &ops, (void *)&told_serial) ||
	    !proc_create_data("linux,revision", 0444, system, &ops, (void *)&told_revision)) {
		proc_remove(tree);
		return -ENOMEM;
	}
	return 0;
}

static void __exit pi_tree_exit(void)
{
	proc_remove(tree);
}

module_init(pi_tree_init);
module_exit(pi_tree_exit);
MODULE_DESCRIPTION("What tells a Raspberry Pi, for a bench");
MODULE_LICENSE("GPL");
