/*
 * replay_main.c: feeds every file of a corpus folder to a fuzz target, so that
 * plain `make test` replays the seeds and every crasher ever found.
 *
 *	replay/NAME DIR
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int
replay(const char *path)
{
	static uint8_t bytes[1 << 22];
	FILE *f = fopen(path, "rb");
	size_t n;

	if (!f) {
		perror(path);
		return -1;
	}
	n = fread(bytes, 1, sizeof(bytes), f);
	fclose(f);
	/* A copy of the exact size, so that ASan sees a read past its end. */
	uint8_t *exact = malloc(n ? n : 1);
	if (!exact)
		return -1;
	for (size_t i = 0; i < n; i++)
		exact[i] = bytes[i];
	LLVMFuzzerTestOneInput(exact, n);
	free(exact);
	return 0;
}

int
main(int argc, char **argv)
{
	unsigned count = 0;
	struct dirent *e;
	DIR *d;

	if (argc != 2 || !(d = opendir(argv[1]))) {
		fprintf(stderr, "usage: %s CORPUS-DIR\n", argv[0]);
		return 2;
	}
	while ((e = readdir(d))) {
		char path[1024];

		if (e->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", argv[1], e->d_name);
		if (replay(path) < 0)
			return 1;
		count++;
	}
	closedir(d);
	printf("replayed %u\n", count);
	return count ? 0 : 1;
}
