"""What developers run on their own machine; none of it is ever deployed."""
