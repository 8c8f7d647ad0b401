#pragma once

#include <stdexcept>
#include <string>

namespace plumline {

// A program, a tensor or a call that cannot be carried out. The text is one line for the user: it names the wrong
// value and, where there is one, the cure. Python sees it as plumline.errors.InputError.
class Error : public std::runtime_error {
 public:
  explicit Error(const std::string& message) : std::runtime_error(message) {}
};

}  // namespace plumline
