"""What the Ray executor is made of: the cluster, its nodes, the tasks on them, and what is sent to and fro."""
