SELECT {{ 9 ** 9 ** 9 }}
