#include "base/option.h"

#include <float.h>
#include <stdint.h>
#include <string.h>

const struct bough__range bough__range_any = {"finite", -FLT_MAX, FLT_MAX, 0, 0};
const struct bough__range bough__range_positive = {"above 0", 0, FLT_MAX, 1, 0};
const struct bough__range bough__range_not_negative = {"0 or more", 0, FLT_MAX, 0, 0};
const struct bough__range bough__range_zero_to_one = {"0 to 1", 0, 1, 0, 0};
const struct bough__range bough__range_below_one = {"0 to below 1", 0, 1, 0, 1};
const struct bough__range bough__range_to_one = {"above 0, up to 1", 0, 1, 1, 0};
const struct bough__range bough__range_size = {"1 to 65536", 1, 65536, 0, 0};
const struct bough__range bough__range_width = {"1 to 16777216", 1, 16777216, 0, 0};
const struct bough__range bough__range_edge = {"0 to 65536", 0, 65536, 0, 0};
const struct bough__range bough__range_count = {"1 or more", 1, INT32_MAX, 0, 0};
const struct bough__range bough__range_count_or_none = {"0 or more", 0, INT32_MAX, 0, 0};
const struct bough__range bough__range_bit = {"0 or 1", 0, 1, 0, 0};
const struct bough__range bough__range_label = {"-1 or more", -1, INT32_MAX, 0, 0};

int bough__range_holds(const struct bough__range *range, double value)
{
    return value >= range->min && value <= range->max && !(range->above && value == range->min) &&
           !(range->below && value == range->max);
}

const struct bough__row *bough__family_find(const struct bough__family *family, const char *name)
{
    for (size_t i = 0; name && i < family->count; i++)
        if (strcmp(family->row[i]->name, name) == 0)
            return family->row[i];
    return NULL;
}

const struct bough__option *bough__option_find(const struct bough__options *options,
                                               const char *name)
{
    for (size_t i = 0; i < options->count; i++)
        if (strcmp(options->option[i].name, name) == 0)
            return &options->option[i];
    return NULL;
}

static void set_default(const struct bough__option *option, char *place)
{
    const int two = option->type == BOUGH__OPTION_PAIR || option->type == BOUGH__OPTION_NUMBERS2;
    for (int i = 0; i < 1 + two; i++) {
        const float number = (float)option->number[i];
        const int32_t integer = (int32_t)option->number[i];
        if (option->type == BOUGH__OPTION_NUMBER || option->type == BOUGH__OPTION_NUMBERS2)
            memcpy(place + (size_t)i * sizeof number, &number, sizeof number);
        else
            memcpy(place + (size_t)i * sizeof integer, &integer, sizeof integer);
    }
}

void bough__options_default(const struct bough__options *options, void *base)
{
    for (size_t i = 0; i < options->count; i++) {
        const struct bough__option *option = &options->option[i];
        char *place = (char *)base + option->offset;
        const uint64_t large = (uint64_t)option->number[0];
        switch (option->type) {
        case BOUGH__OPTION_UINT64:
            memcpy(place, &large, sizeof large);
            break;
        case BOUGH__OPTION_INT:
        case BOUGH__OPTION_PAIR:
        case BOUGH__OPTION_NUMBER:
        case BOUGH__OPTION_NUMBERS2:
        case BOUGH__OPTION_SWITCH:
            set_default(option, place);
            break;
        case BOUGH__OPTION_TEXT:
            memcpy(place, &option->text, sizeof option->text);
            break;
        case BOUGH__OPTION_SECTION:
            bough__options_default(option->section, place);
            break;
        default: // 0 is the default
            break;
        }
    }
}
