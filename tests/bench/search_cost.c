/*
 * search_cost.c: what queries cost in the process that answers them.
 *
 *	search_cost STORE ROUNDS QUERY...
 *
 * A line a query: results, CPU time of the median round and of the slowest.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/err.h"
#include "search/find.h"
#include "search/query.h"

enum {
	ROUNDS_MAX = 1000
};

static double
cpu_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static int
by_number(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static double
run(struct search_finder *f, const char *typed, int rounds)
{
	static struct query q;
	static struct find_page page;
	double took[ROUNDS_MAX];
	enum find_result r = FIND_FINE;

	if (query_parse(slice_cstr(typed), &q) != QUERY_FINE) {
		printf("%-28s no query\n", typed);
		return 0;
	}
	for (int i = 0; i < rounds; i++) {
		double at = cpu_ms();

		r = search_find(f, &q, 1, &page);
		took[i] = cpu_ms() - at;
	}
	qsort(took, (size_t)rounds, sizeof(took[0]), by_number);
	printf("%-28s %6zu results %8.2f ms (slowest %.2f)%s\n", typed,
	    r == FIND_FINE ? page.total : 0, took[rounds / 2], took[rounds - 1],
	    r == FIND_FINE ? "" : " given up");
	return took[rounds / 2];
}

int
main(int argc, char **argv)
{
	struct err e = ERR_INIT;
	int rounds = argc > 2 ? (int)strtol(argv[2], NULL, 10) : 0;
	struct search_finder *f =
	    argc > 3 ? search_finder_new(argv[1], 1000, &e) : NULL;
	double *took, at;
	int count = argc - 3;

	if (!f || rounds < 1 || rounds > ROUNDS_MAX) {
		fprintf(
		    stderr, "search_cost STORE ROUNDS QUERY...: %s\n", e.text);
		return 2;
	}
	at = cpu_ms();
	search_finder_warm(f);
	printf("opening: %.2f ms\n", cpu_ms() - at);
	took = calloc((size_t)count, sizeof(*took));
	for (int i = 0; took && i < count; i++)
		took[i] = run(f, argv[i + 3], rounds);
	if (took)
		qsort(took, (size_t)count, sizeof(*took), by_number);
	printf("median of %d queries: %.2f ms\n", count,
	    took ? took[count / 2] : 0);
	free(took);
	search_finder_free(f);
	return 0;
}
