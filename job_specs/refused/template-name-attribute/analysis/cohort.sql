SELECT {{ parameters.__class__.__mro__ }}
